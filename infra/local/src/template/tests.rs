//! A template of two functions, and the real one.

use serde_json::json;

use super::*;

const FIXTURE: &str = r#"
Parameters:
  PublicUrl: {Type: String, Default: ""}
Globals:
  Function:
    Timeout: 10
    Environment:
      Variables: {TABLE_NAME: !Ref Table, PUBLIC_URL: !Ref PublicUrl}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      GlobalSecondaryIndexes:
        - IndexName: gs1
          KeySchema: [{AttributeName: g1pk, KeyType: HASH}]
          Projection: {ProjectionType: ALL}
          ContributorInsightsSpecification: {Enabled: true}
      TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}
      SSESpecification: {SSEEnabled: true}
  Shared:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Statement: {Effect: Allow, Action: dynamodb:GetItem, Resource: !GetAtt Table.Arn}
  GetThingFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/get-thing/
      Role: !GetAtt GetThingRole.Arn
      Environment: {Variables: {LEVEL: 3, WHERE: !Sub "${AWS::Region}/${Table}/${!kept}"}}
      Events:
        Route: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: get, Path: "/things/{thing_id}"}}
        Default: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: $default}}
  GetThingRole:
    Type: AWS::IAM::Role
    Properties:
      ManagedPolicyArns: [!Ref Shared]
      Policies:
        - PolicyName: GetThing
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: [dynamodb:Query], Resource: !Sub "${Table.Arn}/index/gs1", Condition: {"Null": {k: "false"}}}
  SweepFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/sweep
      Timeout: 60
      Events:
        Tick: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 minute)}}
"#;

#[test]
fn functions_have_names_routes_and_schedules() {
    let template = Template::parse(FIXTURE).unwrap();
    let [get, sweep] = template.functions.as_slice() else { panic!("{template:?}") };
    assert_eq!((get.logical_id.as_str(), get.name.as_str()), ("GetThingFunction", "get-thing"));
    let route = |method: &str, path: &str| Route { method: method.into(), path: path.into() };
    assert_eq!(get.routes, [route("ANY", "$default"), route("GET", "/things/{thing_id}")]);
    assert_eq!(sweep.name, "sweep");
    let timeouts =
        [("get-thing", 10), ("sweep", 60)].map(|(name, seconds)| (name.to_owned(), Duration::from_secs(seconds)));
    assert_eq!(template.timeouts(), BTreeMap::from(timeouts));
    assert_eq!(sweep.schedules, [Schedule { name: "Tick".into(), expression: "rate(1 minute)".into() }]);
}

#[test]
fn an_environment_is_the_global_one_and_the_own() {
    let template = Template::parse(FIXTURE).unwrap();
    let values = Values::from([("Table".to_owned(), "test-7".to_owned())]);
    let environment = template.environment("get-thing", &values).unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        environment,
        BTreeMap::from([
            pair("LEVEL", "3"),
            pair("PUBLIC_URL", ""),
            pair("TABLE_NAME", "test-7"),
            pair("WHERE", "eu-central-1/test-7/${kept}"),
        ])
    );
}

#[test]
fn statements_are_the_roles_own_and_those_of_shared_policies() {
    let template = Template::parse(FIXTURE).unwrap();
    let table = "arn:aws:dynamodb:local:000000000000:table/TABLE";
    assert_eq!(
        template.function("get-thing").unwrap().statements,
        [
            json!({"Effect": "Allow", "Action": ["dynamodb:Query"], "Resource": format!("{table}/index/gs1"), "Condition": {"Null": {"k": "false"}}}),
            json!({"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": table}),
        ]
    );
}

#[test]
fn the_table_is_created_without_what_engines_do_not_know() {
    let template = Template::parse(FIXTURE).unwrap();
    assert_eq!(
        template.create_table("test-7").unwrap(),
        json!({
            "TableName": "test-7",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "GlobalSecondaryIndexes": [{
                "IndexName": "gs1", "Projection": {"ProjectionType": "ALL"},
                "KeySchema": [{"AttributeName": "g1pk", "KeyType": "HASH"}],
            }],
        })
    );
    assert_eq!(template.time_to_live_attribute(), Some("ttl"));
}

#[test]
fn what_is_not_understood_is_an_error() {
    for (value, expected) in
        [("!Join [a, [b]]", "Fn::Join"), ("!If [None, a, b]", "no condition None"), ("!If [None]", "Fn::If")]
    {
        let template = Template::parse(&FIXTURE.replace("!Ref PublicUrl", value)).unwrap();
        let error = template.environment("sweep", &Values::new()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_condition_selects_a_branch() {
    let conditions = "
Conditions:
  HasUrl: !Not [!Equals [!Ref PublicUrl, \"\"]]
  HasBoth: !And [!Condition HasUrl, !Equals [!Ref Table, test-7]]
Resources:";
    let text =
        FIXTURE.replacen("\nResources:", conditions, 1).replace("!Ref PublicUrl}", "!If [HasBoth, !Ref Table, none]}");
    let template = Template::parse(&text).unwrap();
    for (url, table, expected) in [("", "test-7", "none"), ("u", "test-7", "test-7"), ("u", "other", "none")] {
        let values = [("PublicUrl", url), ("Table", table)].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = template.environment("sweep", &Values::from(values)).unwrap();
        assert_eq!(environment["PUBLIC_URL"], expected, "{url} {table}");
    }
}

#[test]
fn the_template_of_this_repository_is_understood() {
    let template = Template::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml")).unwrap();
    assert!(template.functions.len() > 10);
    for function in &template.functions {
        assert_eq!(function.logical_id, logical_id(&function.name));
        assert!(!function.statements.is_empty(), "{}", function.name);
        template.environment(&function.name, &Values::new()).unwrap();
    }
    template.create_table("some-table").unwrap();
}
