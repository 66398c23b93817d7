module example.com/original

go 1.24

require github.com/tetrateio/agentrouter-go v0.1.1

require github.com/oapi-codegen/nullable v1.1.0 // indirect

replace github.com/tetrateio/agentrouter-go => ../..
