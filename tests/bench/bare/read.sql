\set id random(1, :cases)
SELECT id, number, subject, stage, title, applicant, due_at, handler FROM request WHERE id = :id;
