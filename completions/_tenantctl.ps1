
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'tenantctl' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'tenantctl'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'tenantctl' {
            [CompletionResult]::new('--database-url', '--database-url', [CompletionResultType]::ParameterName, 'Connection string of an administrator: a URL or libpq''s key=value form')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: ./tenantctl.toml]')
            [CompletionResult]::new('--app-role', '--app-role', [CompletionResultType]::ParameterName, 'Login role of the application; overrides [tenancy] app_role')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Column that names a row''s tenant; overrides [tenancy] key')
            [CompletionResult]::new('--key-type', '--key-type', [CompletionResultType]::ParameterName, 'Type of that column; overrides [tenancy] key_type')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Setting that carries the current tenant; overrides [tenancy] context')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'Table of tenants, as schema.table; overrides [tenancy] registry')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but the report and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but the report and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: what is connected to, what is read')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: what is connected to, what is read')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'Read the catalogs: what is proved, what is open')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script of a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page, or write the pages of all commands into a folder')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Look at a database and write tenantctl.toml')
            [CompletionResult]::new('org', 'org', [CompletionResultType]::ParameterValue, 'Create, list and show organizations')
            break
        }
        'tenantctl;audit' {
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Exit 1 for findings of this severity or worse')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to write the report')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Run only this check; may be repeated')
            [CompletionResult]::new('--skip', '--skip', [CompletionResultType]::ParameterName, 'Leave this check out; may be repeated')
            [CompletionResult]::new('--checks-dir', '--checks-dir', [CompletionResultType]::ParameterName, 'Folder of further checks: DIR/<id>/check.sql')
            [CompletionResult]::new('--database-url', '--database-url', [CompletionResultType]::ParameterName, 'Connection string of an administrator: a URL or libpq''s key=value form')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: ./tenantctl.toml]')
            [CompletionResult]::new('--app-role', '--app-role', [CompletionResultType]::ParameterName, 'Login role of the application; overrides [tenancy] app_role')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Column that names a row''s tenant; overrides [tenancy] key')
            [CompletionResult]::new('--key-type', '--key-type', [CompletionResultType]::ParameterName, 'Type of that column; overrides [tenancy] key_type')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Setting that carries the current tenant; overrides [tenancy] context')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'Table of tenants, as schema.table; overrides [tenancy] registry')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--allow-unproven', '--allow-unproven', [CompletionResultType]::ParameterName, 'Exit 0 where nothing leaked but something stays unproven')
            [CompletionResult]::new('--details', '--details', [CompletionResultType]::ParameterName, 'List every object and every finding')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but the report and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but the report and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: what is connected to, what is read')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: what is connected to, what is read')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'tenantctl;completions' {
            [CompletionResult]::new('--database-url', '--database-url', [CompletionResultType]::ParameterName, 'Connection string of an administrator: a URL or libpq''s key=value form')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: ./tenantctl.toml]')
            [CompletionResult]::new('--app-role', '--app-role', [CompletionResultType]::ParameterName, 'Login role of the application; overrides [tenancy] app_role')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Column that names a row''s tenant; overrides [tenancy] key')
            [CompletionResult]::new('--key-type', '--key-type', [CompletionResultType]::ParameterName, 'Type of that column; overrides [tenancy] key_type')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Setting that carries the current tenant; overrides [tenancy] context')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'Table of tenants, as schema.table; overrides [tenancy] registry')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but the report and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but the report and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: what is connected to, what is read')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: what is connected to, what is read')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'tenantctl;man' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Write one page a command into this folder, made where it is missing')
            [CompletionResult]::new('--database-url', '--database-url', [CompletionResultType]::ParameterName, 'Connection string of an administrator: a URL or libpq''s key=value form')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: ./tenantctl.toml]')
            [CompletionResult]::new('--app-role', '--app-role', [CompletionResultType]::ParameterName, 'Login role of the application; overrides [tenancy] app_role')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Column that names a row''s tenant; overrides [tenancy] key')
            [CompletionResult]::new('--key-type', '--key-type', [CompletionResultType]::ParameterName, 'Type of that column; overrides [tenancy] key_type')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Setting that carries the current tenant; overrides [tenancy] context')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'Table of tenants, as schema.table; overrides [tenancy] registry')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but the report and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but the report and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: what is connected to, what is read')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: what is connected to, what is read')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'tenantctl;init' {
            [CompletionResult]::new('--database-url', '--database-url', [CompletionResultType]::ParameterName, 'Connection string of an administrator: a URL or libpq''s key=value form')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: ./tenantctl.toml]')
            [CompletionResult]::new('--app-role', '--app-role', [CompletionResultType]::ParameterName, 'Login role of the application; overrides [tenancy] app_role')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Column that names a row''s tenant; overrides [tenancy] key')
            [CompletionResult]::new('--key-type', '--key-type', [CompletionResultType]::ParameterName, 'Type of that column; overrides [tenancy] key_type')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Setting that carries the current tenant; overrides [tenancy] context')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'Table of tenants, as schema.table; overrides [tenancy] registry')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Overwrite a configuration that is there')
            [CompletionResult]::new('--stdout', '--stdout', [CompletionResultType]::ParameterName, 'Print the configuration instead of writing a file')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but the report and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but the report and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: what is connected to, what is read')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: what is connected to, what is read')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'tenantctl;org' {
            [CompletionResult]::new('--database-url', '--database-url', [CompletionResultType]::ParameterName, 'Connection string of an administrator: a URL or libpq''s key=value form')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: ./tenantctl.toml]')
            [CompletionResult]::new('--app-role', '--app-role', [CompletionResultType]::ParameterName, 'Login role of the application; overrides [tenancy] app_role')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Column that names a row''s tenant; overrides [tenancy] key')
            [CompletionResult]::new('--key-type', '--key-type', [CompletionResultType]::ParameterName, 'Type of that column; overrides [tenancy] key_type')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Setting that carries the current tenant; overrides [tenancy] context')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'Table of tenants, as schema.table; overrides [tenancy] registry')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but the report and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but the report and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: what is connected to, what is read')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: what is connected to, what is read')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Create an organization')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List organizations, a page at a time')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one organization')
            break
        }
        'tenantctl;org;create' {
            [CompletionResult]::new('--slug', '--slug', [CompletionResultType]::ParameterName, 'Its slug [default: made of the name]')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'A value for another column of the registry; may be repeated; an empty value is an empty text')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'Its id [default: the database''s, or a random uuid]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print what was created')
            [CompletionResult]::new('--database-url', '--database-url', [CompletionResultType]::ParameterName, 'Connection string of an administrator: a URL or libpq''s key=value form')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: ./tenantctl.toml]')
            [CompletionResult]::new('--app-role', '--app-role', [CompletionResultType]::ParameterName, 'Login role of the application; overrides [tenancy] app_role')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Column that names a row''s tenant; overrides [tenancy] key')
            [CompletionResult]::new('--key-type', '--key-type', [CompletionResultType]::ParameterName, 'Type of that column; overrides [tenancy] key_type')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Setting that carries the current tenant; overrides [tenancy] context')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'Table of tenants, as schema.table; overrides [tenancy] registry')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--if-not-exists', '--if-not-exists', [CompletionResultType]::ParameterName, 'Succeed, and print the id, where an organization of the same slug or name exists')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but the report and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but the report and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: what is connected to, what is read')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: what is connected to, what is read')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'tenantctl;org;list' {
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'At most this many')
            [CompletionResult]::new('--after', '--after', [CompletionResultType]::ParameterName, 'The next page: those after the organization with this ID')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Only those whose name or slug contains TEXT, in any case, or whose id it is')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Order; `id` is the fast one where there are very many')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print them')
            [CompletionResult]::new('--database-url', '--database-url', [CompletionResultType]::ParameterName, 'Connection string of an administrator: a URL or libpq''s key=value form')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: ./tenantctl.toml]')
            [CompletionResult]::new('--app-role', '--app-role', [CompletionResultType]::ParameterName, 'Login role of the application; overrides [tenancy] app_role')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Column that names a row''s tenant; overrides [tenancy] key')
            [CompletionResult]::new('--key-type', '--key-type', [CompletionResultType]::ParameterName, 'Type of that column; overrides [tenancy] key_type')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Setting that carries the current tenant; overrides [tenancy] context')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'Table of tenants, as schema.table; overrides [tenancy] registry')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--counts', '--counts', [CompletionResultType]::ParameterName, 'Count each organization''s rows in every tenant table')
            [CompletionResult]::new('--active', '--active', [CompletionResultType]::ParameterName, 'Only active ones')
            [CompletionResult]::new('--inactive', '--inactive', [CompletionResultType]::ParameterName, 'Only inactive ones')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but the report and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but the report and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: what is connected to, what is read')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: what is connected to, what is read')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'tenantctl;org;show' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print it')
            [CompletionResult]::new('--database-url', '--database-url', [CompletionResultType]::ParameterName, 'Connection string of an administrator: a URL or libpq''s key=value form')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: ./tenantctl.toml]')
            [CompletionResult]::new('--app-role', '--app-role', [CompletionResultType]::ParameterName, 'Login role of the application; overrides [tenancy] app_role')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Column that names a row''s tenant; overrides [tenancy] key')
            [CompletionResult]::new('--key-type', '--key-type', [CompletionResultType]::ParameterName, 'Type of that column; overrides [tenancy] key_type')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Setting that carries the current tenant; overrides [tenancy] context')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'Table of tenants, as schema.table; overrides [tenancy] registry')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--counts', '--counts', [CompletionResultType]::ParameterName, 'Count its rows in every tenant table')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but the report and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but the report and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: what is connected to, what is read')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: what is connected to, what is read')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
