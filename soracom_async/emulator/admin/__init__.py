"""How the emulator is watched and driven: its control API, its status page, its OpenAPI document."""
