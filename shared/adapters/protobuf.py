"""Protocol-buffer messages declared in a few lines of text.

Google's generated clients take 250 ms to import; a function that scales to zero pays that on every cold start. The few
messages that an adapter exchanges are declared here instead, in a descriptor pool of their own, wire-compatible with
Google's published definitions: a contract test compares every field's name, number and type with theirs.
"""

from collections.abc import Iterable
from typing import Any, Final

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_SCALARS: Final = {
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "int32": FieldDescriptorProto.TYPE_INT32,
    "int64": FieldDescriptorProto.TYPE_INT64,
    "enum": FieldDescriptorProto.TYPE_INT32,  # the same on the wire
}


class Messages:
    """The message classes of one schema.

    A line declares a message: `Name: field 1 type; field 2 repeated type; field 3 map type`, or, with `|` between the
    fields, a message that holds one of them (`WhichOneof("kind")`). An indented line continues the one above. A type is
    a scalar, a message of the schema, or the full name of one in the `imports`. The keys of maps are strings.
    """

    def __init__(self, package: str, schema: str, imports: Iterable[FileDescriptor] = ()) -> None:
        self._package = package
        self._pool = DescriptorPool()
        # The syntax with explicit presence: a false or a zero that was set is sent.
        file = FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto2")
        for imported in imports:
            self._pool.AddSerializedFile(imported.serialized_pb)
            file.dependency.append(imported.name)
        for line in filter(str.strip, schema.replace("\n ", " ").splitlines()):
            name, _, fields = line.partition(":")
            self._declare(file.message_type.add(name=name.strip()), fields)
        self._pool.Add(file)

    def __getitem__(self, name: str) -> Any:
        """The class of a message by its name in the schema."""
        return GetMessageClass(self._pool.FindMessageTypeByName(f"{self._package}.{name}"))

    def _declare(self, message: DescriptorProto, fields: str) -> None:
        if "|" in fields:
            message.oneof_decl.add(name="kind")
        for field in fields.replace("|", ";").split(";"):
            name, number, *label, type_name = field.split()
            declared = message.field.add(name=name, number=int(number), label=FieldDescriptorProto.LABEL_OPTIONAL)
            if label:
                declared.label = FieldDescriptorProto.LABEL_REPEATED
            elif "|" in fields:
                declared.oneof_index = 0
            if label == ["map"]:
                type_name = self._map_entry(message, name, type_name)
            self._set_type(declared, type_name)

    def _map_entry(self, message: DescriptorProto, field: str, type_name: str) -> str:
        """A map is a repeated message of keys and values, called after its field."""
        entry = message.nested_type.add(name=f"{field.title().replace('_', '')}Entry")
        entry.options.map_entry = True
        self._declare(entry, f"key 1 string; value 2 {type_name}")
        return f"{self._package}.{message.name}.{entry.name}"

    def _set_type(self, declared: FieldDescriptorProto, type_name: str) -> None:
        if type_name in _SCALARS:
            declared.type = _SCALARS[type_name]
        else:
            declared.type = FieldDescriptorProto.TYPE_MESSAGE
            declared.type_name = f".{type_name}" if "." in type_name else f".{self._package}.{type_name}"
