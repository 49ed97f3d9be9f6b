"""OpenTelemetry, when it is configured: spans and metrics made of requests that are over. Nothing here is on the way of one."""
