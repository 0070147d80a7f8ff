/** How much of what was expected is there; what came beyond it is marked at the end. */
interface ProgressBarProps {
  /** What came of what was expected, at most that. */
  readonly done: number;
  readonly expected: number;
  /** What came beyond. */
  readonly over: number;
  readonly label: string;
  readonly tone: 'info' | 'ok' | 'warning';
}

export function ProgressBar({ done, expected, over, label, tone }: ProgressBarProps) {
  const whole = Math.max(expected + over, 1);
  const percentOf = (part: number) => `${(part / whole) * 100}%`;
  return (
    <div
      className={`progress progress-${tone}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={expected}
      aria-valuenow={done}
      aria-valuetext={`${done} of ${expected}${over > 0 ? `, ${over} over` : ''}`}
    >
      <span className="progress-done" style={{ width: percentOf(done) }} />
      {over > 0 && <span className="progress-over" style={{ width: percentOf(over) }} />}
    </div>
  );
}
