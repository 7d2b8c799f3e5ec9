"""Settings of the web process."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class WebConfig(BaseModel):
    """The web process: the page, HTTP and its event stream."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(True, description="`up` starts it beside the service, if it is installed")
    host: str = Field("127.0.0.1", description="the address to listen on")
    port: int = Field(
        8700, ge=0, le=65_535, description="0: any; where the default is taken, any other"
    )
    hosts: tuple[str, ...] = Field(
        (), description="names beside localhost by which it is asked (the Host of a request)"
    )
    behind_proxy: bool = Field(False, description="a proxy in front of it does TLS")
    tls_cert: Path | None = Field(None, description="a certificate, with its chain (PEM)")
    tls_key: Path | None = Field(None, description="its key (PEM)")
    max_body_bytes: int = Field(1024**2, ge=1024, description="a larger body is refused")
    max_watchers: int = Field(2000, ge=1, description="readers of the event stream at a time")
    requests_per_s: int = Field(
        100, ge=0, le=10**6, description="requests of one token, in the long run; 0: unlimited"
    )
    requests_burst: int = Field(
        200, ge=1, le=10**6, description="requests of one token at once, after a rest"
    )
    thoughts_per_s: int = Field(
        1000, ge=0, le=10**6, description="thoughts that one token writes; 0: unlimited"
    )

    @model_validator(mode="after")
    def _safe(self) -> "WebConfig":
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key: give both, or none")
        if self.host not in LOOPBACK and self.tls_cert is None and not self.behind_proxy:
            raise ValueError(
                f"host: {self.host} is not loopback; give tls_cert and tls_key, or set "
                "behind_proxy where a proxy does TLS"
            )
        return self
