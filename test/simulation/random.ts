/** A number from 0 to 2^32 - 1 that depends on all of its arguments and looks random. */
export function hash(...numbers: readonly number[]): number {
  let h = 0x9e3779b9;
  for (const number of numbers) {
    h = Math.imul(h ^ (number | 0), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
  }
  return h >>> 0;
}

/** A seeded source of chance (mulberry32). */
export class Dice {
  #state: number;

  constructor(...seed: readonly number[]) {
    this.#state = hash(...seed) | 0;
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  readonly int = (n: number): number => Math.floor(this.next() * n);
  readonly between = (least: number, most: number): number => least + this.next() * (most - least);
  readonly chance = (probability: number): boolean => this.next() < probability;
  readonly pick = <T>(list: readonly T[]): T => list[this.int(list.length)] as T;
}
