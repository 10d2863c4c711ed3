"""One deployment: the manifests, the settings, and how things are called because of both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from infra.pulumi.config import StackConfig
from shared.topology import Service


@dataclass(frozen=True, slots=True)
class Deployment:
    """What every component needs to know. Names are deterministic: what refers to a thing need not wait for it."""

    config: StackConfig
    services: Sequence[Service]

    def mistakes(self) -> list[str]:
        """Settings that are about something that no manifest has, or that a manifest wants and that are missing."""
        return [*self._wrong_variables(), *self._wrong_instances()]

    def _wrong_variables(self) -> Iterator[str]:
        wanted = {name for service in self.services for name in service.environment}
        yield from (f"variables.{name}: is missing" for name in sorted(wanted - self.config.variables.keys()))
        yield from (f"variables.{name}: no manifest reads it" for name in sorted(self.config.variables.keys() - wanted))

    def _wrong_instances(self) -> Iterator[str]:
        scaling = self.config.scaling
        most = {
            f"{service.name}-{function.name}": min(function.max_instances, scaling.max_instances)
            for service in self.services
            for function in service.functions
        }
        for name, least in scaling.min_instances.items():
            if name not in most:
                yield f"scaling.min_instances.{name}: there is no such function"
            elif least > most[name]:
                yield f"scaling.min_instances.{name}: {least}, and it has {most[name]} at most"

    @property
    def prefix(self) -> str:
        """Of every name in the cloud; the functions are told the same."""
        return f"{self.config.environment}-"

    def name(self, declared: str) -> str:
        """Of a topic, a function, a database, and the like."""
        return f"{self.prefix}{declared}"

    def id(self, declared: str) -> str:
        """Where no dash may be: of datasets and custom roles."""
        return self.name(declared).replace("-", "_")

    def labels(self, service: str = "", **more: str) -> dict[str, str]:
        """Who pays, and what for; on all that takes labels."""
        about = {"service": service} if service else {}
        return {"environment": self.config.environment, "managed-by": "pulumi", **about, **more}

    def url(self, service: str, function: str) -> str:
        """Of a function, before there is one: Cloud Run's deterministic URL."""
        run = f"{self.name(f'{service}-{function}')}-{self.config.project_number}"
        return f"https://{run}.{self.config.region}.run.app"

    @property
    def url_template(self) -> str:
        """The same for any `{service}` and `{function}`."""
        return self.url("{service}", "{function}")

    def account(self, declared: str) -> str:
        """The address of one of the platform's own service accounts."""
        return f"{self.name(declared)}@{self.config.project}.iam.gserviceaccount.com"

    def agent(self, service: str) -> str:
        """The address of Google's own account for a service, such as `pubsub`: a member of bindings."""
        return f"serviceAccount:service-{self.config.project_number}@gcp-sa-{service}.iam.gserviceaccount.com"
