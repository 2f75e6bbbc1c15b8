-- Three schools, with rows in every table.

insert into public.organizations (id, name, slug, domain, subscription_tier, max_users, is_active) values
    ('11111111-1111-4111-8111-111111111111', 'Maple Ridge Academy', 'maple-ridge', 'mapleridge.example', 'education', 400, true),
    ('22222222-2222-4222-8222-222222222222', 'Northfield District', 'northfield', 'northfield.example', 'enterprise', 9000, true),
    ('33333333-3333-4333-8333-333333333333', 'Pinewood Tutors', 'pinewood', null, 'free', 10, false);

insert into public.users (id, organization_id, email, display_name, role, grade_level, is_verified) values
    ('a1000000-0000-4000-8000-000000000001', '11111111-1111-4111-8111-111111111111', 'head@mapleridge.example', 'Nadia Osei', 'owner', null, true),
    ('a1000000-0000-4000-8000-000000000002', '11111111-1111-4111-8111-111111111111', 'sam@mapleridge.example', 'Sam Ito', 'student', 5, true),
    ('a1000000-0000-4000-8000-000000000003', '11111111-1111-4111-8111-111111111111', 'ito.family@mail.example', 'Yuki Ito', 'parent', null, true),
    ('a2000000-0000-4000-8000-000000000001', '22222222-2222-4222-8222-222222222222', 'it@northfield.example', 'Carl Brandt', 'admin', null, true),
    ('a2000000-0000-4000-8000-000000000002', '22222222-2222-4222-8222-222222222222', 'lena@northfield.example', 'Lena Novak', 'teacher', null, true),
    -- the same person, known to two schools: unique only within each
    ('a2000000-0000-4000-8000-000000000003', '22222222-2222-4222-8222-222222222222', 'ito.family@mail.example', 'Yuki Ito', 'parent', null, false),
    ('a3000000-0000-4000-8000-000000000001', '33333333-3333-4333-8333-333333333333', 'joe@pinewood.example', 'Joe Pine', 'owner', null, true);

insert into public.customers (id, organization_id, email, full_name, phone, stripe_customer_id, balance_cents) values
    ('b1000000-0000-4000-8000-000000000001', '11111111-1111-4111-8111-111111111111', 'office@mapleridge.example', 'Maple Ridge Office', '+1 555 0101', 'cus_maple01', 0),
    ('b2000000-0000-4000-8000-000000000001', '22222222-2222-4222-8222-222222222222', 'bursar@northfield.example', 'Northfield Bursar', '+1 555 0102', 'cus_north01', 129900),
    ('b2000000-0000-4000-8000-000000000002', '22222222-2222-4222-8222-222222222222', 'pta@northfield.example', 'Northfield PTA', null, 'cus_north02', -4500),
    ('b3000000-0000-4000-8000-000000000001', '33333333-3333-4333-8333-333333333333', 'joe@pinewood.example', 'Joe Pine', null, null, 0);

insert into public.roblox_environments (id, organization_id, name, place_id, universe_id, api_key_encrypted, theme, is_published) values
    ('c1000000-0000-4000-8000-000000000001', '11111111-1111-4111-8111-111111111111', 'Fraction Falls', '4490140733', '1580402312', '\x6d61706c65', 'jungle', true),
    ('c2000000-0000-4000-8000-000000000001', '22222222-2222-4222-8222-222222222222', 'Volcano Lab', '5510022841', '1793355027', '\x6e6f72746831', 'lava', true),
    ('c2000000-0000-4000-8000-000000000002', '22222222-2222-4222-8222-222222222222', 'Grammar Castle', '5510022999', '1793355311', '\x6e6f72746832', 'castle', false),
    ('c3000000-0000-4000-8000-000000000001', '33333333-3333-4333-8333-333333333333', 'Sandbox', null, null, null, null, false);

insert into public.agent_instances (organization_id, environment_id, name, agent_type, system_prompt, status, tokens_used) values
    ('11111111-1111-4111-8111-111111111111', 'c1000000-0000-4000-8000-000000000001', 'Professor Half', 'tutor', 'You teach fractions to ten-year-olds.', 'idle', 48210),
    ('22222222-2222-4222-8222-222222222222', 'c2000000-0000-4000-8000-000000000001', 'Magma', 'guide', 'You lead the volcano tour.', 'busy', 910042),
    ('22222222-2222-4222-8222-222222222222', 'c2000000-0000-4000-8000-000000000002', 'Sir Comma', 'tutor', 'You guard the castle of punctuation.', 'offline', 1203),
    ('33333333-3333-4333-8333-333333333333', null, 'Test agent', 'tutor', null, 'initializing', 0);

insert into public.file_types (mime_type, label, is_allowed, max_bytes) values
    ('application/pdf', 'PDF document', true, 52428800),
    ('image/png', 'PNG image', true, 10485760),
    ('video/mp4', 'MP4 video', true, 1073741824),
    ('application/x-msdownload', 'Windows program', false, 1);

insert into public.files (id, organization_id, uploaded_by, filename, storage_path, mime_type, size_bytes, status, category,
                          retention_days, retention_until, contains_pii, contains_student_data, requires_consent,
                          consent_obtained, consent_by, consent_at, is_deleted, deleted_at, deleted_by) values
    ('d1000000-0000-4000-8000-000000000001', '11111111-1111-4111-8111-111111111111', 'a1000000-0000-4000-8000-000000000001',
     'fractions-unit-3.pdf', 'lessons/fractions-unit-3.pdf', 'application/pdf', 482113, 'available', 'educational_content',
     null, null, false, false, false, false, null, null, false, null, null),
    ('d1000000-0000-4000-8000-000000000002', '11111111-1111-4111-8111-111111111111', 'a1000000-0000-4000-8000-000000000002',
     'sam-fractions-homework.png', 'submissions/sam-1.png', 'image/png', 90233, 'available', 'student_submission',
     365, '2027-08-31', true, true, true, true, 'ito.family@mail.example', '2026-02-10 09:00+00', false, null, null),
    ('d2000000-0000-4000-8000-000000000001', '22222222-2222-4222-8222-222222222222', 'a2000000-0000-4000-8000-000000000002',
     'volcano-tour.mp4', 'media/volcano-tour.mp4', 'video/mp4', 73400320, 'available', 'media_resource',
     null, null, false, false, false, false, null, null, false, null, null),
    ('d2000000-0000-4000-8000-000000000002', '22222222-2222-4222-8222-222222222222', 'a2000000-0000-4000-8000-000000000001',
     'iep-2026.pdf', 'reports/iep-2026.pdf', 'application/pdf', 220100, 'available', 'report',
     2555, '2033-06-30', true, true, true, false, null, null, false, null, null),
    ('d2000000-0000-4000-8000-000000000003', '22222222-2222-4222-8222-222222222222', 'a2000000-0000-4000-8000-000000000001',
     'old-roster.pdf', 'reports/old-roster.pdf', 'application/pdf', 18001, 'deleted', 'administrative',
     30, '2026-12-31', true, true, false, false, null, null, true, '2026-11-01 10:00+00', 'a2000000-0000-4000-8000-000000000001'),
    ('d3000000-0000-4000-8000-000000000001', '33333333-3333-4333-8333-333333333333', 'a3000000-0000-4000-8000-000000000001',
     'flyer.pdf', 'flyer.pdf', 'application/pdf', 5120, 'pending', 'temporary',
     7, '2026-12-01', false, false, false, false, null, null, false, null, null);

insert into public.file_versions (file_id, version_number, storage_path, size_bytes, change_note, is_current) values
    ('d1000000-0000-4000-8000-000000000001', 1, 'lessons/fractions-unit-3.v1.pdf', 470001, 'first draft', false),
    ('d1000000-0000-4000-8000-000000000001', 2, 'lessons/fractions-unit-3.v2.pdf', 482113, 'answers added', true),
    ('d1000000-0000-4000-8000-000000000002', 1, 'submissions/sam-1.png', 90233, null, true),
    ('d2000000-0000-4000-8000-000000000001', 1, 'media/volcano-tour.mp4', 73400320, null, true),
    ('d2000000-0000-4000-8000-000000000002', 1, 'reports/iep-2026.v1.pdf', 219000, 'before the meeting', false),
    ('d2000000-0000-4000-8000-000000000002', 2, 'reports/iep-2026.v2.pdf', 220100, 'after the meeting', true),
    ('d3000000-0000-4000-8000-000000000001', 1, 'flyer.pdf', 5120, null, true);

insert into public.file_shares (organization_id, file_id, share_type, shared_with, can_download, expires_at) values
    ('11111111-1111-4111-8111-111111111111', 'd1000000-0000-4000-8000-000000000002', 'specific_users', 'a1000000-0000-4000-8000-000000000003', true, null),
    ('22222222-2222-4222-8222-222222222222', 'd2000000-0000-4000-8000-000000000001', 'organization', null, false, null),
    ('22222222-2222-4222-8222-222222222222', 'd2000000-0000-4000-8000-000000000002', 'public_link', null, true, '2027-01-15 00:00+00'),
    ('33333333-3333-4333-8333-333333333333', 'd3000000-0000-4000-8000-000000000001', 'view_only', null, false, null);

insert into public.storage_quotas (organization_id, total_quota_bytes, used_bytes, file_count) values
    ('11111111-1111-4111-8111-111111111111', 53687091200, 572346, 2),
    ('22222222-2222-4222-8222-222222222222', 1099511627776, 73638421, 3),
    ('33333333-3333-4333-8333-333333333333', 1073741824, 5120, 1);

insert into public.file_access_logs (organization_id, file_id, user_id, action, ip_address, user_agent, was_granted) values
    ('11111111-1111-4111-8111-111111111111', 'd1000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000002', 'view', '198.51.100.7', 'Roblox/Win', true),
    ('11111111-1111-4111-8111-111111111111', 'd1000000-0000-4000-8000-000000000002', 'a1000000-0000-4000-8000-000000000003', 'download', '198.51.100.8', 'Firefox', true),
    ('22222222-2222-4222-8222-222222222222', 'd2000000-0000-4000-8000-000000000002', 'a2000000-0000-4000-8000-000000000003', 'view', '203.0.113.40', 'Chrome', false),
    ('22222222-2222-4222-8222-222222222222', 'd2000000-0000-4000-8000-000000000001', 'a2000000-0000-4000-8000-000000000002', 'share', '203.0.113.41', 'Chrome', true),
    ('33333333-3333-4333-8333-333333333333', 'd3000000-0000-4000-8000-000000000001', 'a3000000-0000-4000-8000-000000000001', 'upload', '192.0.2.5', 'Safari', true);
