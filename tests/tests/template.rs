//! What can be checked without running anything: template.yaml, infra/openapi.yaml, the binaries and the sources
//! agree, and keep the rules of the house (docs/reliability.md, group L; docs/architecture.md).

mod template {
    mod alarms;
    mod baseline;
    mod circles;
    mod dependencies;
    mod document;
    mod endpoint;
    mod openapi;
    mod operations;
    mod repository;
    mod resources;
    mod routes;
    mod sources;
    mod wording;
    mod workflow;
}
