import { describe, expect, it } from 'vitest';
import { databases } from '../../test/support/databases.ts';
import { checkInvitation, invite, takeInvitation } from './invitations.ts';
import { hashToken } from './tokens.ts';

const NOW = Date.UTC(2026, 5, 1);
const HOUR = 3_600_000;

describe.each(databases())('an invitation on $name', ({ open }) => {
  it('is taken by one of two who both found it good, and by nobody once its time is over', async () => {
    const store = await open();
    const take = (code: string, now: number) =>
      store.db.transaction().execute((trx) => takeInvitation(trx, hashToken(code), now));
    let secrets = 0;
    const newToken = () => `secret ${++secrets}`;
    const { code } = await invite(store.db, 'dock-1', 1, newToken, NOW);
    const found = await Promise.all([
      checkInvitation(store.db, code, NOW),
      checkInvitation(store.db, code, NOW),
    ]);
    expect(found.map(({ ok }) => ok)).toEqual([true, true]);
    expect((await Promise.all([take(code, NOW), take(code, NOW)])).sort()).toEqual([false, true]);
    expect(await checkInvitation(store.db, code, NOW)).toEqual({ ok: false, reason: 'used' });

    const late = await invite(store.db, 'dock-2', 1, newToken, NOW);
    expect(await checkInvitation(store.db, late.code, NOW + HOUR - 1)).toMatchObject({ ok: true });
    expect(await take(late.code, NOW + HOUR)).toBe(false);
    expect(await checkInvitation(store.db, late.code, NOW + HOUR)).toEqual({ ok: false, reason: 'expired' });
    await store.close();
  });
});
