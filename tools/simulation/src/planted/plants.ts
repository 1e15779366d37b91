import type { Plant } from "../world/dispatcher-process.ts";
import { deferLosingTheNumber } from "./defer-losing-the-number.ts";
import { deferToTheWrongTime } from "./defer-to-the-wrong-time.ts";
import { forgetUnfinished } from "./forget-unfinished.ts";
import { ignoreLimits } from "./ignore-limits.ts";
import { keepOnTheGone } from "./keep-on-the-gone.ts";
import { keepRatesApart } from "./keep-rates-apart.ts";
import { keepSuccessesToItself } from "./keep-successes-to-itself.ts";
import { missChanges } from "./miss-changes.ts";
import { neverLeaveTheGate } from "./never-leave-the-gate.ts";
import { recordBeforeTheAppend } from "./record-before-the-append.ts";

export const PLANT_NAMES = [
  "forgetful-window",
  "early-recorder",
  "numberless-deferral",
  "stuck-gate",
  "hasty-deferral",
  "tardy-deferral",
  "limitless",
  "deaf-directory",
  "deaf-to-gone",
  "rate-for-each",
  "silent-success",
] as const;
export type PlantName = (typeof PLANT_NAMES)[number];

/** Bugs that the checks must find, each a layer between a dispatcher and what it is given; at least one for each check. */
export const PLANTS: Readonly<Record<PlantName, Plant>> = {
  "forgetful-window": forgetUnfinished,
  "early-recorder": recordBeforeTheAppend,
  "numberless-deferral": deferLosingTheNumber,
  "stuck-gate": neverLeaveTheGate,
  "hasty-deferral": deferToTheWrongTime(-2_000),
  "tardy-deferral": deferToTheWrongTime(600_000),
  limitless: ignoreLimits,
  "deaf-directory": missChanges,
  "deaf-to-gone": keepOnTheGone,
  "rate-for-each": keepRatesApart,
  "silent-success": keepSuccessesToItself,
};
