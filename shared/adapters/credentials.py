"""The process's own identity for a channel to one of Google's services."""

import grpc


def google_channel_credentials(host: str, scope: str) -> grpc.ChannelCredentials:
    """TLS, and with each request an access token of the default credentials, refreshed when it is about to expire."""
    # Imported here because only the cloud needs them, and they cost 80 ms.
    import google.auth  # noqa: PLC0415 - see above
    import google.auth.transport.grpc  # noqa: PLC0415 - see above
    import google.auth.transport.requests  # noqa: PLC0415 - see above

    identity, _ = google.auth.default(scopes=[scope])
    refresh = google.auth.transport.requests.Request()
    plugin = google.auth.transport.grpc.AuthMetadataPlugin(identity, refresh, default_host=host)  # type: ignore[no-untyped-call] # it has no types
    return grpc.composite_channel_credentials(grpc.ssl_channel_credentials(), grpc.metadata_call_credentials(plugin))
