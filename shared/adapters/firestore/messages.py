"""The messages of Firestore's gRPC interface that the adapters use; the names are Google's, without their nesting."""

from typing import Any, Final

from google.protobuf.timestamp_pb2 import DESCRIPTOR as TIMESTAMP
from google.protobuf.wrappers_pb2 import DESCRIPTOR as WRAPPERS

from shared.adapters.protobuf import Messages

SCHEMA: Final = Messages(
    "google.firestore.v1",
    """
Document: name 1 string; fields 2 map Value; update_time 4 google.protobuf.Timestamp
Value: null_value 11 enum | boolean_value 1 bool | integer_value 2 int64 | double_value 3 double
    | timestamp_value 10 google.protobuf.Timestamp | string_value 17 string | bytes_value 18 bytes
    | reference_value 5 string | array_value 9 ArrayValue | map_value 6 MapValue
ArrayValue: values 1 repeated Value
MapValue: fields 1 map Value

Precondition: exists 1 bool | update_time 2 google.protobuf.Timestamp
DocumentMask: field_paths 1 repeated string
FieldTransform: field_path 1 string; set_to_server_value 2 enum; increment 3 Value;
    append_missing_elements 6 ArrayValue
Write: update 1 Document; delete 2 string; update_mask 3 DocumentMask; update_transforms 7 repeated FieldTransform;
    current_document 4 Precondition
WriteResult: update_time 1 google.protobuf.Timestamp; transform_results 2 repeated Value
CommitRequest: database 1 string; writes 2 repeated Write
CommitResponse: write_results 1 repeated WriteResult; commit_time 2 google.protobuf.Timestamp
BatchWriteRequest: database 1 string; writes 2 repeated Write
BatchWriteResponse: write_results 1 repeated WriteResult; status 2 repeated Status
Status: code 1 int32; message 2 string

BatchGetDocumentsRequest: database 1 string; documents 2 repeated string
BatchGetDocumentsResponse: found 1 Document; missing 2 string; read_time 4 google.protobuf.Timestamp

FieldReference: field_path 2 string
Projection: fields 2 repeated FieldReference
CollectionSelector: collection_id 2 string; all_descendants 3 bool
Filter: composite_filter 1 CompositeFilter | field_filter 2 FieldFilter | unary_filter 3 UnaryFilter
CompositeFilter: op 1 enum; filters 2 repeated Filter
FieldFilter: field 1 FieldReference; op 2 enum; value 3 Value
UnaryFilter: op 1 enum; field 2 FieldReference
Order: field 1 FieldReference; direction 2 enum
Cursor: values 1 repeated Value; before 2 bool
StructuredQuery: select 1 Projection; from_ 2 repeated CollectionSelector; where 3 Filter; order_by 4 repeated Order;
    start_at 7 Cursor; end_at 8 Cursor; limit 5 google.protobuf.Int32Value
RunQueryRequest: parent 1 string; structured_query 2 StructuredQuery
RunQueryResponse: document 1 Document
""",
    imports=(TIMESTAMP, WRAPPERS),
)

Document: Final[Any] = SCHEMA["Document"]
Value: Final[Any] = SCHEMA["Value"]
Write: Final[Any] = SCHEMA["Write"]
CommitRequest: Final[Any] = SCHEMA["CommitRequest"]
BatchWriteRequest: Final[Any] = SCHEMA["BatchWriteRequest"]
BatchGetDocumentsRequest: Final[Any] = SCHEMA["BatchGetDocumentsRequest"]
StructuredQuery: Final[Any] = SCHEMA["StructuredQuery"]
RunQueryRequest: Final[Any] = SCHEMA["RunQueryRequest"]
RunQueryResponse: Final[Any] = SCHEMA["RunQueryResponse"]

REQUEST_TIME: Final = 1
"""FieldTransform.ServerValue: the time at which the server processed the request, in whole milliseconds."""
EQUAL: Final = 5
IN: Final = 8
LESS_THAN: Final = 1
GREATER_THAN_OR_EQUAL: Final = 4
"""FieldFilter.Operator."""
AND: Final = 1
"""CompositeFilter.Operator."""
IS_NULL: Final = 3
"""UnaryFilter.Operator."""
ASCENDING: Final = 1
DESCENDING: Final = 2
"""Direction."""
