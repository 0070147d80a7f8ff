/** The form for a token, when there is no session. */
import { useState } from 'react';
import type { Problem } from '../../contract/problem.ts';
import { ProblemNote } from './problem-note.tsx';

interface SignInProps {
  readonly problem: Problem | undefined;
  readonly onToken: (token: string) => Promise<void>;
}

export function SignIn({ problem, onToken }: SignInProps) {
  const [token, setToken] = useState('');
  const [busy, setBusy] = useState(false);
  return (
    <main className="sign-in">
      <form
        className="card sign-in-card"
        aria-label="Sign in"
        onSubmit={(event) => {
          event.preventDefault();
          setBusy(true);
          void onToken(token.trim()).finally(() => setBusy(false));
        }}
      >
        <h1>
          <Brand /> Tallyport
        </h1>
        <p className="muted">Sign in with the token that an administrator gave you.</p>
        <label htmlFor="token">Token</label>
        <input
          id="token"
          name="token"
          type="password"
          autoComplete="current-password"
          spellCheck={false}
          required
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        {problem && <ProblemNote problem={problem} />}
        <button type="submit" className="button primary" disabled={busy}>
          {busy ? 'Signing in…' : 'Sign in'}
        </button>
        <p className="muted small">
          The first administrator's token is shown once, when the cloud starts for the first time. More are
          made with <code>npm run cloud -- user add</code>.
        </p>
      </form>
    </main>
  );
}

export function Brand() {
  return (
    <svg className="brand" viewBox="0 0 32 32" width="26" height="26" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" />
      <path d="M8 9v14M13 9v14M18 9v14M23 9v14M5.5 20.5l21-9" />
    </svg>
  );
}
