-- A function's SET clause puts on another tenant's context

CREATE ROLE c_context_function_set_clause LOGIN PASSWORD 'c_context_function_set_clause';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.kitchens (
    kitchen_id integer PRIMARY KEY,
    name       text NOT NULL
);
CREATE TABLE public.dishes (
    kitchen_id integer NOT NULL REFERENCES public.kitchens (kitchen_id) ON DELETE CASCADE,
    dish       text NOT NULL,
    recipe     text NOT NULL,
    PRIMARY KEY (kitchen_id, dish)
);
ALTER TABLE public.dishes ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.dishes FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.dishes
    USING (kitchen_id = nullif(current_setting('app.kitchen', true), '')::integer)
    WITH CHECK (kitchen_id = nullif(current_setting('app.kitchen', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON public.dishes TO c_context_function_set_clause;
CREATE FUNCTION public.sample_menu() RETURNS TABLE (dish text, recipe text)
    LANGUAGE sql STABLE SET search_path = pg_catalog SET app.kitchen = '66'         -- the hole
    AS $$ SELECT d.dish, d.recipe FROM public.dishes d ORDER BY d.dish $$;
INSERT INTO public.kitchens VALUES (55, 'Chez A'), (66, 'Bei B');
INSERT INTO public.dishes VALUES (55, 'Soup', 'Leek'), (66, 'Stew', 'Secret spice'), (66, 'Cake', 'Rum');
