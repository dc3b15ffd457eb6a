"""HTTP itself: requests out, responses in. The only importer of httpx, httpcore and aiohttp, each when it is used."""
