/** How much of what was expected is there; what came beyond it is marked at the end. */
interface ProgressBarProps {
  readonly actual: number;
  readonly expected: number;
  readonly label: string;
  readonly tone: 'info' | 'ok' | 'warning';
}

export function ProgressBar({ actual, expected, label, tone }: ProgressBarProps) {
  const whole = Math.max(actual, expected, 1);
  const percentOf = (part: number) => `${(part / whole) * 100}%`;
  const over = Math.max(0, actual - expected);
  return (
    <div
      className={`progress progress-${tone}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={expected}
      aria-valuenow={Math.min(actual, expected)}
      aria-valuetext={`${actual} of ${expected}`}
    >
      <span className="progress-done" style={{ width: percentOf(actual - over) }} />
      {over > 0 && <span className="progress-over" style={{ width: percentOf(over) }} />}
    </div>
  );
}
