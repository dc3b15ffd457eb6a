"""LoRaWAN devices, gateways and networks: the handlers."""
