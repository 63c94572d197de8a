"""Reads what taster exports with the tools of others: `check_exports.py FORMAT FILE`; prints a line for each fault, nothing where there is none."""

import base64
import json
import sys
import warnings

warnings.filterwarnings("ignore")


def slsa(path):
    """in-toto's own reader for each statement, the proto of SLSA for provenance, and `cryptography` for the signatures."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from google.protobuf import json_format
    from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
    from in_toto_attestation.v1 import statement, statement_pb2

    for line in open(path, encoding="utf-8"):
        envelope = json.loads(line)
        kind, payload = envelope["payloadType"].encode(), base64.b64decode(envelope["payload"], validate=True)
        message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
        for signature in envelope["signatures"]:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature["keyid"]))
            key.verify(base64.b64decode(signature["sig"]), message)
        read = json_format.Parse(payload, statement_pb2.Statement())
        statement.Statement.copy_from_pb(read).validate()
        if read.predicate_type == "https://slsa.dev/provenance/v1":
            predicate = json_format.MessageToDict(read.predicate)
            provenance = json_format.ParseDict(predicate, provenance_pb2.Provenance())
            assert provenance.build_definition.build_type and provenance.run_details.builder.id, "no builder"


def cyclonedx(path):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = open(path, encoding="utf-8").read()
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert fault is None, str(fault)
    bill = json.loads(text)
    # What the schema does not say: whatever is referred to is there.
    known = {it["bom-ref"] for it in bill["components"] + [bill["metadata"]["component"]]}
    wanted = {ref for it in bill["dependencies"] for ref in it["dependsOn"]} | set(named(bill, "ref"))
    assert wanted <= known, f"referred to and not there: {wanted - known}"


def named(node, name):
    """Every value of this name, however deep."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        if key == name:
            yield value
        yield from named(value, name)


def spdx(path):
    """The project's bindings, generated from the SHACL of the model: types and cardinalities when read and when written."""
    import io

    from spdx_python_model import v3_0_1 as model

    objects = model.SHACLObjectSet()
    with open(path, encoding="utf-8") as file:
        model.JSONLDDeserializer().read(file, objects)
    model.JSONLDSerializer().write(objects, io.BytesIO())
    missing = objects.link()
    assert not missing, f"referred to and not there: {missing}"
    trained = [it for it in objects.foreach_type("Relationship") if it.relationshipType.endswith("trainedOn")]
    for it in trained:
        assert isinstance(it.from_, model.ai_AIPackage), it.from_
        assert all(isinstance(to, model.dataset_DatasetPackage) for to in it.to), it.to


def croissant(path):
    """Validates, and reads the records through the description."""
    import mlcroissant

    dataset = mlcroissant.Dataset(path)
    described = dataset.metadata
    assert described.record_sets, "no record set"
    for records in described.record_sets:
        rows = list(dataset.records(record_set=records.id))
        assert rows, "no records"
        for row in rows:
            assert len(row[f"{records.id}/content"]) == 32, row
            assert row[f"{records.id}/length"] >= 0 and row[f"{records.id}/disposition"], row


try:
    {"slsa": slsa, "cyclonedx": cyclonedx, "spdx": spdx, "croissant": croissant}[sys.argv[1]](sys.argv[2])
except Exception as fault:  # whatever it raises, the export was refused
    print(type(fault).__name__, str(fault).replace("\n", " ")[:2000])
