"""JSON Schemas as a contract states them, made from the models that keep it."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class ContractSchema(GenerateJsonSchema):
    """What we send (mode `serialization`) always has all of its fields, also those with a default: they are required,
    null where there is nothing to say. What we take (`validation`) may leave out whatever has a default.

    Titles that only repeat a field's name are left out.
    """

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the generator's signature
        return False

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        if self.mode == "serialization":
            return not field.get("serialization_exclude")
        return super().field_is_required(field, total)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if self.mode == "serialization":
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def json_schema(model: type[BaseModel], mode: JsonSchemaMode, title: str) -> dict[str, Any]:
    """The schema of one model as a document of its own."""
    schema = model.model_json_schema(mode=mode, schema_generator=ContractSchema)
    return {"$schema": DIALECT, "title": title, **{key: value for key, value in schema.items() if key != "title"}}
