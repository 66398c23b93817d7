// A program for AgentRouter's own client: its signatures and its environment variables, and nothing else.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/tetrateio/agentrouter-go"
	"github.com/tetrateio/agentrouter-go/tenancyv1"
)

// customers is what the program needs; the client has exactly these methods.
type customers interface {
	Create(ctx context.Context, customerID, displayName, description string) (*tenancyv1.Customer, error)
	Get(ctx context.Context, customerID string) (*tenancyv1.Customer, error)
	List(ctx context.Context) (*tenancyv1.ListCustomersResponse, error)
	Update(ctx context.Context, customerID, displayName, description string) (*tenancyv1.Customer, error)
	Archive(ctx context.Context, customerID string) error
}

func main() {
	ctx := context.Background()
	client, err := agentrouter.New(ctx,
		agentrouter.WithBaseURL(os.Getenv("AGENTROUTER_BASE_URL")),
		agentrouter.WithAPIKey(os.Getenv("AGENTROUTER_API_KEY")),
	)
	if err != nil {
		log.Fatal(err)
	}
	if err := run(ctx, client.Tenancy(), os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, tenancy customers, customerID string) error {
	customer, err := tenancy.Create(ctx, customerID, "Acme Robotics", "Builds robots")
	if err != nil {
		return err
	}
	fmt.Println("created", customer.CustomerId)
	if customer, err = tenancy.Update(ctx, customerID, "Acme", "Builds better robots"); err != nil {
		return err
	}
	fmt.Println("updated", customer.State)
	if customer, err = tenancy.Get(ctx, customerID); err != nil {
		return err
	}
	fmt.Println("read", customer.CustomerId)
	list, err := tenancy.List(ctx)
	if err != nil {
		return err
	}
	for _, each := range list.Customers {
		if each.CustomerId == customerID {
			fmt.Println("listed", each.CustomerId)
		}
	}
	if err := tenancy.Archive(ctx, customerID); err != nil {
		return err
	}
	if _, err := tenancy.Get(ctx, customerID); err == nil {
		return errors.New("an archived customer can be read")
	}
	fmt.Println("archived", customerID)
	return nil
}
