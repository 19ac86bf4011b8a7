import { it } from 'vitest';
import { explore } from '/work/main/test/core/exploration.ts';
import { policyOf } from '/work/main/test/engine/world.ts';
import { fakeIssuer } from '/work/main/test/engine/fake-issuer.ts';
const cl: any = {
 secret: {}, marks: {revokesBy:'id', marks:true}, lists: {revokesBy:'id',lists:true}, client: {secretFrom:'client'},
 nothing: {secretFrom:'client', revokesBy:'nothing', proves:false, longestLife:null}, operator: {secretFrom:'operator', revokesBy:'operator'},
 gap: {maxLive:1, revokesBy:'replacement'},
};
for (const [n, t] of Object.entries(cl)) it(n, () => {
  const issuer = fakeIssuer({ now: () => 0 }, t as any);
  const policy = policyOf(issuer, { acceptGap: n === 'gap' });
  const s = Date.now(); const c = process.cpuUsage();
  try { console.log(n, explore(policy, { rows: 3, rotations: +(process.env.R ?? 1), attempts: +(process.env.A ?? 2), states: +(process.env.S ?? 10000) }, () => undefined), Date.now() - s, Math.round(process.cpuUsage(c).user / 1000)); }
  catch (e: any) { console.log(n, 'ERR', e.message, e.stack.split('\n').slice(1, 6).join('\n')); }
}, 600000);
