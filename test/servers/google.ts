import { type GoogleFake, startGoogleFake } from './google-fake/server.ts';
import type { TestServer } from './server.ts';

/** A fake written by us from the public documentation; not evidence of Google's behaviour. */
export const googleServer: TestServer<GoogleFake> = {
  name: 'google',
  install: async () => undefined,
  start: () => startGoogleFake(),
};
