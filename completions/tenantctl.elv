
use builtin;
use str;

set edit:completion:arg-completer[tenantctl] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'tenantctl'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'tenantctl'= {
            cand --database-url 'Connection string of an administrator: a URL or libpq''s key=value form'
            cand --config 'Configuration file [default: ./tenantctl.toml]'
            cand --app-role 'Login role of the application; overrides [tenancy] app_role'
            cand --schema 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas'
            cand --key 'Column that names a row''s tenant; overrides [tenancy] key'
            cand --key-type 'Type of that column; overrides [tenancy] key_type'
            cand --context 'Setting that carries the current tenant; overrides [tenancy] context'
            cand --registry 'Table of tenants, as schema.table; overrides [tenancy] registry'
            cand -o 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole'
            cand --output 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole'
            cand --color 'When to colour'
            cand -q 'Say nothing but the report and errors'
            cand --quiet 'Say nothing but the report and errors'
            cand -v 'Say more on stderr: what is connected to, what is read'
            cand --verbose 'Say more on stderr: what is connected to, what is read'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand audit 'Read the catalogs: what is proved, what is open'
            cand completions 'Print the completion script of a shell'
            cand man 'Print the manual page, or write the pages of all commands into a folder'
        }
        &'tenantctl;audit'= {
            cand --fail-on 'Exit 1 for findings of this severity or worse'
            cand --format 'How to write the report'
            cand --check 'Run only this check; may be repeated'
            cand --skip 'Leave this check out; may be repeated'
            cand --checks-dir 'Folder of further checks: DIR/<id>/check.sql'
            cand --database-url 'Connection string of an administrator: a URL or libpq''s key=value form'
            cand --config 'Configuration file [default: ./tenantctl.toml]'
            cand --app-role 'Login role of the application; overrides [tenancy] app_role'
            cand --schema 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas'
            cand --key 'Column that names a row''s tenant; overrides [tenancy] key'
            cand --key-type 'Type of that column; overrides [tenancy] key_type'
            cand --context 'Setting that carries the current tenant; overrides [tenancy] context'
            cand --registry 'Table of tenants, as schema.table; overrides [tenancy] registry'
            cand -o 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole'
            cand --output 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole'
            cand --color 'When to colour'
            cand --allow-unproven 'Exit 0 where nothing leaked but something stays unproven'
            cand --details 'List every object and every finding'
            cand -q 'Say nothing but the report and errors'
            cand --quiet 'Say nothing but the report and errors'
            cand -v 'Say more on stderr: what is connected to, what is read'
            cand --verbose 'Say more on stderr: what is connected to, what is read'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'tenantctl;completions'= {
            cand --database-url 'Connection string of an administrator: a URL or libpq''s key=value form'
            cand --config 'Configuration file [default: ./tenantctl.toml]'
            cand --app-role 'Login role of the application; overrides [tenancy] app_role'
            cand --schema 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas'
            cand --key 'Column that names a row''s tenant; overrides [tenancy] key'
            cand --key-type 'Type of that column; overrides [tenancy] key_type'
            cand --context 'Setting that carries the current tenant; overrides [tenancy] context'
            cand --registry 'Table of tenants, as schema.table; overrides [tenancy] registry'
            cand -o 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole'
            cand --output 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole'
            cand --color 'When to colour'
            cand -q 'Say nothing but the report and errors'
            cand --quiet 'Say nothing but the report and errors'
            cand -v 'Say more on stderr: what is connected to, what is read'
            cand --verbose 'Say more on stderr: what is connected to, what is read'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'tenantctl;man'= {
            cand --dir 'Write one page a command into this folder, made where it is missing'
            cand --database-url 'Connection string of an administrator: a URL or libpq''s key=value form'
            cand --config 'Configuration file [default: ./tenantctl.toml]'
            cand --app-role 'Login role of the application; overrides [tenancy] app_role'
            cand --schema 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas'
            cand --key 'Column that names a row''s tenant; overrides [tenancy] key'
            cand --key-type 'Type of that column; overrides [tenancy] key_type'
            cand --context 'Setting that carries the current tenant; overrides [tenancy] context'
            cand --registry 'Table of tenants, as schema.table; overrides [tenancy] registry'
            cand -o 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole'
            cand --output 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole'
            cand --color 'When to colour'
            cand -q 'Say nothing but the report and errors'
            cand --quiet 'Say nothing but the report and errors'
            cand -v 'Say more on stderr: what is connected to, what is read'
            cand --verbose 'Say more on stderr: what is connected to, what is read'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
    ]
    $completions[$command]
}
