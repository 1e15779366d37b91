import { type ChannelCredentials, credentials, InterceptingCall, type Interceptor } from "@grpc/grpc-js";

/** How a client shows who it is, and knows whom it talks to. */
export interface RpcCredentials {
  /** Plaintext if absent. */
  readonly channel?: ChannelCredentials;
  /** Asked for before each call, so that it may be replaced. */
  readonly token?: () => string;
}

export function channelOf({ channel = credentials.createInsecure() }: RpcCredentials): ChannelCredentials {
  return channel;
}

/** Interceptors that send the token. (grpc-js's own call credentials refuse to work without TLS, as behind a mesh.) */
export function interceptorsOf({ token }: RpcCredentials): Interceptor[] {
  if (!token) return [];
  return [
    (options, nextCall) =>
      new InterceptingCall(nextCall(options), {
        start: (metadata, listener, next) => {
          const withToken = metadata.clone();
          withToken.set("authorization", `Bearer ${token()}`);
          next(withToken, listener);
        },
      }),
  ];
}
