import { startDialog360 } from './dialog360.ts';
import { startInfobip } from './infobip.ts';
import type { StartProvider } from './provider.ts';
import { startSendgrid } from './sendgrid.ts';
import { startSinch } from './sinch.ts';
import { startTwilio, startTwilioToken } from './twilio.ts';
import { startVonage } from './vonage.ts';

/** Every provider that has a name, by the kind of its issuer. */
export const PROVIDERS: Readonly<Record<string, StartProvider>> = {
  '360dialog': startDialog360,
  infobip: startInfobip,
  sendgrid: () => startSendgrid(),
  sinch: startSinch,
  twilio: startTwilio,
  'twilio-auth-token': startTwilioToken,
  vonage: startVonage,
};

/** Where a key is needed to ask for another, so that the first is made by hand. */
export const ASKED_BY_KEY: readonly string[] = ['vonage', 'sinch', 'twilio-auth-token'];

/** Where a key whose reply was lost can be found by nothing. */
export const LEAVES_POSSIBLE: readonly string[] = ['360dialog', 'twilio-auth-token'];
