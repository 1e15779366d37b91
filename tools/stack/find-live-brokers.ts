// One question to a broker, in Kafka's own protocol: https://kafka.apache.org/protocol#The_Messages_Metadata
//
// By hand, because it is asked many times while a broker starts, and the client library takes a second to see that
// nobody is there, and warns about its own timers.
import { connect } from "node:net";

const metadataKey = 3;
/** Old enough for its simple encoding, and not dropped in Kafka 4. */
const metadataVersion = 4;
const clientId = "stack";
const timeoutMs = 2000;
/** A few brokers and no topics: anything longer is not the answer. */
const longestAnswerBytes = 65_536;

/** The ids of the brokers that this one knows to be up, itself included; none while it doesn't answer. */
export async function findLiveBrokers(port: number): Promise<readonly number[]> {
  return await new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let received = Buffer.alloc(0);
    const give = (ids: readonly number[]): void => {
      socket.destroy();
      resolve(ids);
    };
    const giveUp = (): void => {
      give([]);
    };
    socket.setTimeout(timeoutMs, giveUp).once("error", giveUp).once("close", giveUp);
    socket.write(encodeMetadataRequest());
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      const ids = decodeBrokerIds(received);
      if (ids !== undefined) give(ids);
      else if (received.length > longestAnswerBytes) giveUp();
    });
  });
}

/** For no topics, so that the answer is about brokers alone. */
function encodeMetadataRequest(): Buffer {
  const request = Buffer.alloc(4 + 10 + clientId.length + 5);
  let at = request.writeInt32BE(request.length - 4);
  at = request.writeInt16BE(metadataKey, at);
  at = request.writeInt16BE(metadataVersion, at);
  at = request.writeInt32BE(1, at);
  at = request.writeInt16BE(clientId.length, at);
  request.write(clientId, at, "latin1");
  // What follows is zeros: an array of no topics, and no topics to be made.
  return request;
}

/** Undefined while the answer is not whole. */
function decodeBrokerIds(answer: Buffer): readonly number[] | undefined {
  if (answer.length < 4 || answer.length < 4 + answer.readInt32BE(0)) return undefined;
  // Behind the length: which request it answers, and for how long that was throttled.
  let at = 4 + 4 + 4;
  const ids: number[] = [];
  const count = answer.readInt32BE(at);
  at += 4;
  for (let broker = 0; broker < count; broker += 1) {
    ids.push(answer.readInt32BE(at));
    at += 4;
    at += 2 + answer.readInt16BE(at); // host
    at += 4; // port
    at += 2 + Math.max(0, answer.readInt16BE(at)); // rack, or -1 for none
  }
  return ids;
}
