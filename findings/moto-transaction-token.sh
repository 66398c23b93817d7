#!/usr/bin/env bash
# moto 5.2.5, `moto_server` (DynamoDB), compared with ministack 1.5.33. Needs Python 3.
# Expected: TransactWriteItems with a ClientRequestToken that is repeated within ten minutes succeeds and changes nothing, and another
# content with the same token is IdempotentParameterMismatchException, as the API Reference says.
# Observed: moto accepts the token and ignores it. The repetition is applied again, or canceled by its own first effect; another content is
# applied. ministack does what the reference says.
# Consequence: the SDK's own retry after a lost answer is a double write or a false conflict on moto, and no test there shows it.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill ${servers:-} 2> /dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
servers=

python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check "moto[dynamodb,server]==5.2.5" "ministack==1.5.33"
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
moto=$(free_port)
env/bin/moto_server -H 127.0.0.1 -p "$moto" > moto.log 2>&1 &
servers=$!
ministack=$(free_port)
GATEWAY_PORT=$ministack BIND_HOST=127.0.0.1 SERVICES=dynamodb env/bin/ministack > ministack.log 2>&1 &
servers="$servers $!"

cat > repeat.py <<'PYTHON'
import sys, time
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

client = boto3.client(
    "dynamodb", endpoint_url=sys.argv[1], region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="a",
    config=Config(retries={"total_max_attempts": 1}),
)
for _ in range(200):
    try:
        client.list_tables()
        break
    except EndpointConnectionError:
        time.sleep(0.1)
client.create_table(
    TableName="tokens", BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}], KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
)
client.put_item(TableName="tokens", Item={"pk": {"S": "a"}, "n": {"N": "0"}, "is_open": {"BOOL": True}})


def write(token, expression, values, condition=None):
    update = {
        "TableName": "tokens", "Key": {"pk": {"S": "a"}}, "UpdateExpression": expression, "ExpressionAttributeValues": values,
    }
    if condition:
        update["ConditionExpression"] = condition
    try:
        client.transact_write_items(TransactItems=[{"Update": update}], ClientRequestToken=token)
        return "applied"
    except ClientError as error:
        return error.response["Error"]["Code"]


add = lambda by: ("SET n = n + :n", {":n": {"N": by}})
close = ("SET is_open = :no", {":no": {"BOOL": False}, ":yes": {"BOOL": True}}, "is_open = :yes")
first, again = write("one", *add("1")), write("one", *add("1"))
count = client.get_item(TableName="tokens", Key={"pk": {"S": "a"}})["Item"]["n"]["N"]
conditional = [write("two", *close), write("two", *close)]
other = write("one", *add("5"))
print(f"{first}, {again}, n = {count}; under a condition: {', '.join(conditional)}; other content: {other}")
PYTHON
echo "the same transaction twice with one token, then another content with it"
expected="applied, applied, n = 1; under a condition: applied, applied; other content: IdempotentParameterMismatchException"
echo "expected of DynamoDB: $expected"
on_moto=$(env/bin/python repeat.py "http://127.0.0.1:$moto")
on_ministack=$(env/bin/python repeat.py "http://127.0.0.1:$ministack")
echo "seen, moto 5.2.5: $on_moto"
echo "seen, ministack 1.5.33: $on_ministack"
[ "$on_moto" = "applied, applied, n = 2; under a condition: applied, TransactionCanceledException; other content: applied" ]
[ "$on_ministack" = "$expected" ]
