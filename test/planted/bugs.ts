import { ASKING } from './asking.ts';
import type { Bug } from './bug.ts';
import { ENDING } from './ending.ts';
import { MEETING } from './meeting.ts';
import { PLACING } from './placing.ts';

export const BUGS: readonly Bug[] = [...ASKING, ...PLACING, ...ENDING, ...MEETING];
