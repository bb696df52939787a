"""The asyncio-native core; the synchronous API is generated from it."""
