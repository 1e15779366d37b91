/** What Postrider's STANDARD format carries, once it is verified. */
export interface WebhookEvent {
  readonly type: string;
  /** When it happened: ISO 8601. */
  readonly timestamp: string;
  readonly data: unknown;
  /** Of type url_verification only, which has neither of the two above: to be sent back. */
  readonly challenge?: string;
}

interface UserRegistered {
  readonly user_id: string;
  readonly email: string;
}

interface OrderPaid {
  readonly order_id: string;
  readonly amount: number;
  readonly currency: string;
}

interface MessageSent {
  readonly message_id: string;
  readonly conversation_id: string;
}

/** Acts on an event; returns what to answer. The platform has checked the data against the catalog's schema. */
export async function handleEvent({ type, data }: WebhookEvent): Promise<string> {
  switch (type) {
    case "user_registered":
      return await onUserRegistered(data as UserRegistered);
    case "order_paid":
      return await onOrderPaid(data as OrderPaid);
    case "message_sent":
      return await onMessageSent(data as MessageSent);
    default:
      // A type that this receiver does not know yet is no reason to have it sent again and again.
      return `ignored ${type}`;
  }
}

async function onUserRegistered({ user_id }: UserRegistered): Promise<string> {
  console.log(`user_registered: welcome ${user_id}`);
  return await Promise.resolve(`user ${user_id} registered`);
}

async function onOrderPaid({ order_id, amount, currency }: OrderPaid): Promise<string> {
  console.log(`order_paid: ship ${order_id}, ${amount} ${currency} came in`);
  return await Promise.resolve(`order ${order_id} paid`);
}

async function onMessageSent({ message_id, conversation_id }: MessageSent): Promise<string> {
  console.log(`message_sent: ${message_id} in ${conversation_id}`);
  return await Promise.resolve(`message ${message_id} seen`);
}
