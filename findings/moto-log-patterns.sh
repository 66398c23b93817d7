#!/usr/bin/env bash
# moto 5.2.5 (`moto_server`) and ministack 1.5.33 (CloudWatch Logs). Needs Python 3.
# Expected: FilterLogEvents with a JSON filter pattern returns the events that match, a Logs Insights query with `filter` the lines that match,
# and with `stats` the aggregates; what an emulator does not understand is an error.
# Observed: on both, a JSON pattern matches every event. `filter` on a member of a line and `stats` have no effect: all lines, status Complete.
# Consequence: a test of a metric filter's pattern or of a saved query on them passes whatever the pattern or the query says.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill ${servers:-} 2> /dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
servers=

python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check "moto[logs,server]==5.2.5" "ministack==1.5.33"
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
moto=$(free_port)
env/bin/moto_server -H 127.0.0.1 -p "$moto" > moto.log 2>&1 &
servers=$!
ministack=$(free_port)
GATEWAY_PORT=$ministack BIND_HOST=127.0.0.1 SERVICES=logs env/bin/ministack > ministack.log 2>&1 &
servers="$servers $!"

cat > ask.py <<'PYTHON'
import sys, time
import boto3
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

client = boto3.client(
    "logs", endpoint_url=sys.argv[1], region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="a",
    config=Config(retries={"total_max_attempts": 1}),
)
for _ in range(200):
    try:
        client.describe_log_groups()
        break
    except EndpointConnectionError:
        time.sleep(0.1)
now = int(time.time())
client.create_log_group(logGroupName="requests")
client.create_log_stream(logGroupName="requests", logStreamName="one")
lines = ['{"status":200,"customer":"a"}', '{"status":503,"customer":"a"}', '{"status":404,"customer":"b"}']
events = [{"timestamp": now * 1000 - 60_000 + at, "message": line} for at, line in enumerate(lines)]
client.put_log_events(logGroupName="requests", logStreamName="one", logEvents=events)


def matched(pattern):
    return len(client.filter_log_events(logGroupName="requests", filterPattern=pattern)["events"])


def rows(query):
    id = client.start_query(logGroupNames=["requests"], startTime=now - 3600, endTime=now + 3600, queryString=query)["queryId"]
    for _ in range(100):
        done = client.get_query_results(queryId=id)
        if done["status"] == "Complete":
            return len(done["results"])
        time.sleep(0.1)
    raise SystemExit(f"the query is {done['status']}")


print(
    f"503: {matched('{ $.status = 503 }')} events, none: {matched('{ $.status = 418 }')} events;",
    f"filter status = 503: {rows('fields @timestamp, @message | filter status = 503')} rows,",
    f"stats by customer: {rows('stats count(*) as requests by customer')} rows",
)
PYTHON
echo "three lines: 200 of customer a, 503 of customer a, 404 of customer b"
echo "expected of CloudWatch: 503: 1 events, none: 0 events; filter status = 503: 1 rows, stats by customer: 2 rows"
on_moto=$(env/bin/python ask.py "http://127.0.0.1:$moto")
on_ministack=$(env/bin/python ask.py "http://127.0.0.1:$ministack")
echo "seen, moto 5.2.5: $on_moto"
echo "seen, ministack 1.5.33: $on_ministack"
for seen in "$on_moto" "$on_ministack"; do
  [ "$seen" = "503: 3 events, none: 3 events; filter status = 503: 3 rows, stats by customer: 3 rows" ]
done
