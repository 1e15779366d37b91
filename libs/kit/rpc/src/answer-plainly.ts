import { ServerInterceptingCall, type ServerInterceptor, status } from "@grpc/grpc-js";
import { cutMessage } from "./cut-message.ts";

/**
 * What grpc-js answers with INTERNAL although it is the caller's fault, with what we say instead. An operator who is woken
 * by INTERNAL should find a defect of ours.
 */
const FAULTS: readonly { readonly details: RegExp; readonly description: string }[] = [
  {
    details: /^Error deserializing request/,
    description: "the message can't be decoded: it is not the method's request",
  },
  { details: /^Failed to decompress message/, description: "the message can't be decompressed" },
  { details: /^Invalid grpc-timeout value/, description: "the header grpc-timeout is not 1 to 8 digits and a unit" },
];

/**
 * Answers INVALID_ARGUMENT to what can't be read, and nothing after it; and no more words than fit, whoever chose them (the
 * health service tells every name that it does not know). It has to stand first among the interceptors: the others never
 * see the end of a call that grpc-js ends.
 */
export const answerPlainly: ServerInterceptor = (_, call) => {
  const sendStatus = call.sendStatus.bind(call);
  const sendMessage = call.sendMessage.bind(call);
  let hasEnded = false;
  // In place, since grpc-js calls itself, and not the interceptors, when it can't read on.
  call.sendStatus = (answer) => {
    hasEnded = true;
    const fault = FAULTS.find(({ details }) => answer.code === status.INTERNAL && details.test(answer.details));
    if (fault) sendStatus({ ...answer, code: status.INVALID_ARGUMENT, details: fault.description });
    else sendStatus({ ...answer, details: cutMessage(answer.details) });
  };
  // The handler does not know that the call has ended. A message behind the end breaks the HTTP/2 stream, so that the
  // caller would hear nothing at all.
  call.sendMessage = (message, callback) => {
    if (!hasEnded) sendMessage(message, callback);
  };
  return new ServerInterceptingCall(call);
};
