import { RE2JS } from "re2js";
import { MAX_PATTERN_CHARS } from "./schema-bounds.ts";
import type { StepMeter } from "./step-meter.ts";

/** What ajv asks of the engine of its patterns. */
export interface PatternEngine {
  (pattern: string, flags: string): { readonly test: (text: string) => boolean; readonly toString: () => string };
  /** Its name in generated code, which is used only if that code is written out. */
  code: string;
}

/** In re2js's own measure: its largest part is what repetitions are unrolled to. */
const MAX_PROGRAM_SIZE = 2000;
/** A character costs the program's size at worst, at a few nanoseconds each: as many make one step. */
const SIZE_PER_STEP = 16;

/**
 * Matches in time that grows with text and pattern only, by RE2's algorithm: V8's own engine goes back and tries again,
 * and takes hours for 30 characters and `^(\w+\s?)*$`. It can't look around or refer back; such patterns are refused.
 */
export function createPatternEngine(meter: StepMeter): PatternEngine {
  const engine = (pattern: string): ReturnType<PatternEngine> => {
    const compiled = compile(pattern);
    const stepsPerChar = Math.max(1, compiled.programSize()) / SIZE_PER_STEP;
    const test = (text: string): boolean => {
      meter.spend(1 + text.length * stepsPerChar);
      return compiled.test(text);
    };
    // ajv tells patterns apart by their text.
    return { test, toString: () => pattern };
  };
  return Object.assign(engine, { code: "linearPattern" });
}

/** @throws Error that says why not */
function compile(pattern: string): RE2JS {
  if (pattern.length > MAX_PATTERN_CHARS) {
    throw new Error(`a pattern has ${pattern.length} characters; at most ${MAX_PATTERN_CHARS} are allowed`);
  }
  const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
  if (compiled.programSize() <= MAX_PROGRAM_SIZE) return compiled;
  throw new Error(
    `the pattern ${pattern} repeats too much: its size is ${compiled.programSize()}, over ${MAX_PROGRAM_SIZE}`,
  );
}
