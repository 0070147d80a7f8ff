/** The words that go with a decision; what the law or a colleague will ask for must not be empty. */
import { useEffect, useId, useRef, useState } from 'react';

/** The most that the API takes. */
const LONGEST_REASON = 2000;

interface DecisionFormProps {
  readonly label: string;
  readonly button: string;
  readonly isRequired: boolean;
  readonly busy: boolean;
  readonly onCancel: () => void;
  readonly onDecide: (reason: string) => Promise<void>;
}

export function DecisionForm({ label, button, isRequired, busy, onCancel, onDecide }: DecisionFormProps) {
  const [text, setText] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  useEffect(() => field.current?.focus(), []);
  return (
    <form
      className="decision"
      onSubmit={(event) => {
        event.preventDefault();
        void onDecide(text.trim());
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onCancel();
      }}
    >
      <label htmlFor={id}>
        {label} <span className="muted">{isRequired ? '(required)' : '(optional)'}</span>
      </label>
      <textarea
        ref={field}
        id={id}
        rows={2}
        maxLength={LONGEST_REASON}
        required={isRequired}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div className="actions">
        <button
          type="submit"
          className="button primary"
          disabled={busy || (isRequired && text.trim() === '')}
        >
          {button}
        </button>
        <button type="button" className="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}
