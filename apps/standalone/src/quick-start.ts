/** What a new user can paste into a second terminal, with the addresses of this very platform. */
export function describeQuickStart(
  { grpcAddress, adminAddress }: { grpcAddress: string; adminAddress: string },
  allowedRanges: readonly string[],
): string {
  const postrider =
    grpcAddress === "127.0.0.1:50051" ? "npx postrider" : `POSTRIDER_GRPC_ADDRESS=${grpcAddress} npx postrider`;
  return `
Try it, in a second terminal, in this folder:

  # 1. what the platform tells: user_registered, order_paid, message_sent
  ${postrider} catalog apply -f examples/catalog.yaml

  # 2. an application subscribes; its receiver verifies with the secret
  export POSTRIDER_SECRET=$(${postrider} subscriptions create --tenant acme --url http://127.0.0.1:3000/webhooks --events '*' --print-secret)
  ${postrider} receive --port 3000 &

  # 3. something happens
  ${postrider} publish order_paid --tenant acme --data @examples/order_paid.json

  # 4. see the delivery above, and its metrics
  curl -s http://${adminAddress}/metrics | grep -E '^postrider_(events_accepted|deliveries)'

Callback URLs may reach ${allowedRanges.join(", ")} although private (POSTRIDER_EGRESS_ALLOW); other private addresses are refused.
Stop with Ctrl-C. Everything is kept, and goes on at the next start.
`;
}
