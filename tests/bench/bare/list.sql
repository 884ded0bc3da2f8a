\set bureau random(1, 100)
SELECT id, number, subject, stage, title, applicant, due_at, handler FROM request
WHERE bureau = :bureau AND closed_at IS NULL AND due_at < now() ORDER BY due_at, id LIMIT 50;
