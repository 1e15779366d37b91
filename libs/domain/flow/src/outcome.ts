/**
 * What an attempt's end tells about its endpoint, and nothing about the delivery.
 *
 * - `ok`: it works.
 * - `failed`: it answers, but not as it should.
 * - `overloaded`: it says that it gets too much.
 * - `unreachable`: no answer came.
 * - `unsent`: nothing was sent, so nothing was learnt.
 */
export type EndpointOutcome = "ok" | "failed" | "overloaded" | "unreachable" | "unsent";
