"""The emulator's control API, its status page, and its OpenAPI document."""
