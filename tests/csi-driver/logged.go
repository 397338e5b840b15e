package main

import (
	"context"
	"log"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

// logged writes each call that fails, for the message of a failed test. Requests may hold secrets, and are not written.
func logged(ctx context.Context, asked any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	answer, err := handle(ctx, asked)
	if err != nil {
		log.Printf("%s: %s: %s", info.FullMethod, status.Code(err), err)
	}
	return answer, err
}
