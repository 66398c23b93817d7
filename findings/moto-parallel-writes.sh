#!/usr/bin/env bash
# moto 5.2.5, `moto_server` (DynamoDB). Needs Python 3.
# Expected: a condition and its write are atomic, as in DynamoDB: of several writers that create the same item one succeeds, and 160
# successful increments add up to 160.
# Observed: the server's threads interleave within one call. Increments that were answered 200 are lost, two answers show the same new
# value, and several writers create one item under attribute_not_exists. The larger the item, the more often.
# Consequence: a test of races, of uniqueness or of optimistic locking against moto fails for a correct program or, worse, is adapted to moto.
set -euo pipefail
version=5.2.5
folder=$(mktemp -d)
trap 'kill "${server:-}" 2> /dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check "moto[dynamodb,server]==$version"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
env/bin/moto_server -H 127.0.0.1 -p "$port" > server.log 2>&1 &
server=$!

cat > race.py <<'PYTHON'
import sys, threading, time
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

client = boto3.client(
    "dynamodb", endpoint_url=sys.argv[1], region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="a",
    config=Config(max_pool_connections=32, retries={"total_max_attempts": 1}),
)
for _ in range(100):
    try:
        client.list_tables()
        break
    except EndpointConnectionError:
        time.sleep(0.1)
client.create_table(
    TableName="t", BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}], KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
)
large = {"M": {str(number): {"S": "x"} for number in range(2000)}}


def together(work):
    threads = [threading.Thread(target=work) for _ in range(16)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]


def increments(round):
    key = {"pk": {"S": f"n{round}"}}
    client.put_item(TableName="t", Item={**key, "n": {"N": "0"}, "large": large})
    answers = []

    def work():
        for _ in range(10):
            answer = client.update_item(
                TableName="t", Key=key, UpdateExpression="SET n = n + :one", ExpressionAttributeValues={":one": {"N": "1"}},
                ReturnValues="UPDATED_NEW",
            )
            answers.append(answer["Attributes"]["n"]["N"])

    together(work)
    stored = int(client.get_item(TableName="t", Key=key, ConsistentRead=True)["Item"]["n"]["N"])
    return len(answers), stored, len(set(answers))


def creations(round):
    made = []

    def work():
        try:
            client.put_item(
                TableName="t", Item={"pk": {"S": f"c{round}"}, "large": large}, ConditionExpression="attribute_not_exists(pk)"
            )
            made.append(1)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ConditionalCheckFailedException", error

    together(work)
    return len(made)


for round in range(20):
    answered, stored, distinct = increments(round)
    if stored < answered:
        break
winners = max(creations(round) for round in range(40))
print(f"seen: {answered} increments answered 200, {distinct} different answers, stored: {stored}")
print(f"seen: {winners} of 16 conditional creations of one item succeeded")
sys.exit(0 if stored < answered and distinct < answered and winners > 1 else 1)
PYTHON
echo "moto $version, 16 clients at once on one item of 2,000 map entries"
echo "expected of DynamoDB: 160 increments answered 200, 160 different answers, stored: 160; 1 of 16 creations"
env/bin/python race.py "http://127.0.0.1:$port"
