module github.com/tetrateio/agentrouter-go

go 1.24

require github.com/oapi-codegen/nullable v1.1.0
