import type { Facts, Problem } from "../world/facts.ts";
import { findKeptOn } from "./find-kept-on.ts";
import { findLate } from "./find-late.ts";
import { findLost } from "./find-lost.ts";
import { findRepeated } from "./find-repeated.ts";
import { findTooFast } from "./find-too-fast.ts";
import { findUnscheduled } from "./find-unscheduled.ts";
import { findUnwanted } from "./find-unwanted.ts";
import { collectHistories } from "./history.ts";

/** All promises that a run shows to be broken. Limits and memory are watched while it goes on. */
export function findProblems(facts: Facts): readonly Problem[] {
  const histories = collectHistories(facts);
  return [findLost, findRepeated, findUnscheduled, findLate, findUnwanted, findKeptOn, findTooFast].flatMap((find) =>
    find(facts, histories),
  );
}
