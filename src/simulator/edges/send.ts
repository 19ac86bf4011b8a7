import type { Call, Graph } from '../call.ts';
import { authenticateUser, checkAccess } from '../caller.ts';
import { type Answer, type GraphError, missingObject } from '../errors.ts';

/** `POST /{phone-number-id}/messages`: what consumers of a token do all day. */
export function send(graph: Graph, call: Call): Answer | GraphError {
  const caller = authenticateUser(graph, call);
  if ('code' in caller) return caller;
  const { phoneNumberId, secondPhoneNumberId } = graph.world;
  if (![phoneNumberId, secondPhoneNumberId].includes(call.segments[0] ?? '')) {
    return missingObject(call, graph.switches);
  }
  const refusal = checkAccess(graph, caller, ['whatsapp_business_messaging']);
  if (refusal !== null) return refusal;
  const product = field(call, 'messaging_product');
  const to = field(call, 'to');
  if (product !== 'whatsapp') return invalid('messaging_product must be whatsapp');
  if (to === null) return invalid('to is required');
  caller.token.sends += 1;
  const number = to.replace(/\D/g, '');
  return {
    body: {
      messaging_product: 'whatsapp',
      contacts: [{ input: to, wa_id: number }],
      messages: [{ id: `wamid.SIMULATED${caller.token.id}.${caller.token.sends}` }],
    },
  };
}

function field(call: Call, name: string): string | null {
  const body = call.json;
  if (typeof body === 'object' && body !== null && name in body) {
    const value = (body as Record<string, unknown>)[name];
    return typeof value === 'string' && value !== '' ? value : null;
  }
  return call.params.get(name) || null;
}

function invalid(details: string): GraphError {
  return { code: 100, message: '(#100) Invalid parameter', details };
}
