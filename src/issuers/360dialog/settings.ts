import * as z from 'zod/mini';
import { reference } from '../../core/setting.ts';
import { address, commonSettings, describedKind, providerId } from '../../described/kind.ts';

const ID = /^[A-Za-z0-9_-]{2,64}$/;

const settings = z.strictObject({
  kind: z.literal('360dialog'),
  partnerId: providerId(ID, 'must be the id of the partner', 'The id of the partner.'),
  channelId: providerId(ID, 'must be the id of the channel', 'The id of the channel: one phone number.'),
  partnerKey: reference('An API key of the partner, from the Partner Hub.'),
  hubUrl: address(
    'https://hub.360dialog.io/api/v2',
    'Where keys are made: another address only for a simulator.',
  ),
  messagingUrl: address(
    'https://waba-v2.360dialog.io',
    'Where keys are tried: another address only for a simulator.',
  ),
  ...commonSettings,
});

export type Dialog360Settings = z.output<typeof settings>;

export const dialog360Kind = describedKind<Dialog360Settings>({
  kind: '360dialog',
  summary:
    'The API key of a phone number at 360dialog. Making one ends the other, so that a gap has to be accepted.',
  settings,
  soleKeyOf: ({ hubUrl, channelId }) => `${hubUrl} ${channelId}`,
  describe: async () => (await import('./description.ts')).dialog360Key,
});
