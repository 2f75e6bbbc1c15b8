-- An updatable view filters by tenant and has no CHECK OPTION

CREATE ROLE c_view_no_check_option LOGIN PASSWORD 'c_view_no_check_option';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.boards (
    board_id bigint PRIMARY KEY,
    title    text NOT NULL
);
CREATE TABLE public.cards (
    board_id bigint NOT NULL REFERENCES public.boards (board_id) ON DELETE CASCADE,
    card_id  uuid NOT NULL DEFAULT gen_random_uuid(),
    label    text NOT NULL,
    PRIMARY KEY (board_id, card_id)
);
ALTER TABLE public.cards ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.cards FORCE ROW LEVEL SECURITY;
CREATE VIEW public.my_cards WITH (security_barrier = true) AS
    SELECT board_id, card_id, label FROM public.cards
    WHERE board_id = nullif(current_setting('kanban.board', true), '')::bigint;     -- the hole: no CHECK OPTION
GRANT SELECT, INSERT, UPDATE, DELETE ON public.my_cards TO c_view_no_check_option;

INSERT INTO public.boards VALUES (71, 'Garden'), (72, 'Kitchen');
INSERT INTO public.cards (board_id, label) VALUES (71, 'Dig'), (72, 'Bake');
