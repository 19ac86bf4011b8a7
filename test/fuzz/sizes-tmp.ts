import { parseConfig } from '/work/main/src/config/parse.ts';
import { keyIn, textWith } from '/work/main/src/core/document.ts';
import { Secret } from '/work/main/src/core/secret.ts';
import { issuerKinds } from '/work/main/src/issuers/registry.ts';
import { storeKinds } from '/work/main/src/stores/registry.ts';
const K = { issuers: issuerKinds, stores: storeKinds };
function time(name: string, f: () => void) { const a = performance.now(); let e=''; try { f(); } catch (x) { e = String((x as Error).message).slice(0,80) } const t = performance.now()-a; if (t>500) console.log(name.padEnd(60), t.toFixed(0), e); }
export function main() {
  const UNITS = ['a', ' ', '\n', '[', '{', '{a: ', '- ', '? ', '&a ', '*a ', '"', "'", '#', 'a:\n', ' a: b\n', '-eyJ', 'EAA', ',', '|\n','Bearer ', '-----BEGIN ', 'x{N}: { issuer: y{N} }\n  ', 'x{N}: {kind: random}\n  ', 'store:x{N}', 'a{N}: 1\n', '!!a ','https://', '[a, ', '{N}, ', '"{N}", ', '\\', '\t', '%', '---\n', '{key.', '\u2028', 'eyJhbGciOi', '_', 'a.'];
  const HEADS = ['', 'version: 1\n', 'version: 1\nissuers: {', 'version: 1\nissuers:\n  ', 'version: 1\ncredentials:\n  ', 'a: "', "a: '", 'version: 1\nx: ', 'version: 1\nx: [','version: 1\nissuers: { a: { kind: meta-system-user, scopes: ['];
  const B = 64*1024;
  for (const h of HEADS) for (const u of UNITS) {
    const n = Math.floor((B-h.length)/u.length);
    const body = u.includes('{N}') ? Array.from({length:n},(_, i)=>u.replaceAll('{N}',String(i))).join('').slice(0,B) : u.repeat(n);
    for (const t of ['', '"']) time(JSON.stringify([h,u,t]), () => parseConfig(h+body+t,'/x/k.yaml',K as never));
  }
  const kinds = Array.from({length:900},(_, i)=>`  aaaaaaaaaaaaaaaaaaaaaaaa${i}: {kind: random}\n`).join('');
  const creds = Array.from({length:2000},(_, i)=>`  c${i}: {issuer: bbbbbbbbbbbbbbbbbbbbbbbb${i}}\n`).join('');
  time('nearest', () => parseConfig(`version: 1\nissuers:\n${kinds}credentials:\n${creds}`, '/x', K as never));
  for (const [u] of [['"a{N}":1,'], ['"a{N}":"x",']] as const) for (const b of [64*1024, 1024*1024]) {
    let s='{'; for (let i=0;s.length<b;i++) s+=u.replace('{N}',String(i)); s+='"KEY":"v"}';
    time(`doc ${u} ${b}`, () => { keyIn(s,{value:'KEY'}); textWith(Secret.of('n'), s, {value:'KEY'}); });
  }
  for (const b of [1024*1024, 4*1024*1024]) { const s='{"KEY":"'+'x'.repeat(b)+'"}'; time(`docstr ${b}`, () => { keyIn(s,{value:'KEY'}); }); time(`docws ${b}`, () => { keyIn('{"KEY":"'+'\\\\'.repeat(b/2)+'"}',{value:'KEY'}); });}
}
