-- Three sites, with rows in every table.

insert into public.core_tenant (id, identifier, name, domain, created_by, is_active) values
    (1, 'almanac', 'The Almanac', 'almanac.example', 'admin', true),
    (2, 'bazaar', 'Bazaar Rugs', 'bazaar.example', 'admin', true),
    (3, 'closed-shop', 'Closed Shop', '', 'import', false);
select setval(pg_get_serial_sequence('public.core_tenant', 'id'), 3);

insert into public.core_language (code, name, rtl) values
    ('sv', 'Svenska', false),
    ('ar', 'Arabic', true);

insert into public.content_namespace (tenant_id, name, slug, is_default) values
    (1, 'Science', 'science', true),
    (2, 'Catalogue', 'catalogue', true),
    (2, 'Press', 'press', false),
    (3, 'Default', 'default', true);

insert into public.content_category (tenant_id, namespace_id, name, slug)
select n.tenant_id, n.id, v.name, v.slug
from (values ('science', 'Tides', 'tides'), ('catalogue', 'Kilims', 'kilims'), ('catalogue', 'Lamps', 'lamps'),
             ('press', 'Releases', 'releases'), ('default', 'Misc', 'misc')) as v (namespace, name, slug)
join public.content_namespace n on n.slug = v.namespace;

insert into public.content_tag (tenant_id, namespace_id, name, usage_count)
select n.tenant_id, n.id, v.name, v.used
from (values ('science', 'moon', 3), ('catalogue', 'wool', 12), ('catalogue', 'sale', 2), ('press', 'merger', 1),
             ('default', 'old', 0)) as v (namespace, name, used)
join public.content_namespace n on n.slug = v.namespace;

insert into public.webpages_pagetheme (tenant_id, name, css, is_default) values
    (1, 'Plain', '{"body": {"color": "#111"}}', true),
    (2, 'Shop', '{"body": {"color": "#432"}}', true),
    (2, 'Night', '{"body": {"background": "#000"}}', false),
    (3, 'Plain', '{}', true);

insert into public.webpages_webpage (tenant_id, theme_id, language_code, slug, title, content, is_published, published_at)
select t.tenant_id, t.id, v.lang, v.slug, v.title, v.content::jsonb, v.live, case when v.live then timestamptz '2026-03-01' end
from (values (1, 'Plain', 'en', 'home', 'Almanac', '{"text": "Tides and moons"}', true),
             (1, 'Plain', 'sv', 'hem', 'Almanackan', '{"text": "Utkast"}', false),
             (2, 'Shop', 'en', 'home', 'Bazaar', '{"text": "Rugs and lamps"}', true),
             (2, 'Night', 'en', 'prices-2027', 'Price list', '{"text": "Kilim 420, not public yet"}', false),
             (3, 'Plain', 'en', 'home', 'Closed', '{}', false)) as v (tenant_id, theme, lang, slug, title, content, live)
join public.webpages_pagetheme t on t.tenant_id = v.tenant_id and t.name = v.theme;

-- A page below another page of the same site.
insert into public.webpages_webpage (tenant_id, parent_id, theme_id, slug, title, is_published)
select tenant_id, id, theme_id, 'about', 'About us', true
from public.webpages_webpage
where tenant_id = 2 and slug = 'home';

insert into public.object_storage_objectinstance (id, tenant_id, object_key, content_type, size_bytes) values
    ('e1000000-0000-4000-8000-000000000001', 1, 'moon.jpg', 'image/jpeg', 20480),
    ('e2000000-0000-4000-8000-000000000001', 2, 'kilim.jpg', 'image/jpeg', 51200),
    ('e2000000-0000-4000-8000-000000000002', 2, 'contract-scan.pdf', 'application/pdf', 90112),
    ('e3000000-0000-4000-8000-000000000001', 3, 'logo.svg', 'image/svg+xml', 900);

insert into public.file_manager_mediafile (object_id, title, alt_text, width, height, uploaded_by) values
    ('e1000000-0000-4000-8000-000000000001', 'Full moon', 'The moon over the sea', 1920, 1080, 'editor'),
    ('e2000000-0000-4000-8000-000000000001', 'Red kilim', 'A red kilim', 1200, 900, 'shopkeeper'),
    ('e2000000-0000-4000-8000-000000000002', 'Supplier contract', '', null, null, 'shopkeeper'),
    ('e3000000-0000-4000-8000-000000000001', 'Logo', 'Closed Shop', 64, 64, null);
