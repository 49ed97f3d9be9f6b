"""The only package that opens connections to providers: client, timeouts, bounded decompression, address guard."""
