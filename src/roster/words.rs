//! The words that tables of people are headed with, in the languages of schools around.
//!
//! A header that is taken for a person becomes an account whose password is a word that all know. Nobody can list all
//! headers, but they are made of few nouns: `Start-Code`, `initial password`, `Nom d’utilisateur`, `Schülername`. So a cell
//! is a heading when nothing but such nouns is in it. Somebody may be called so: it's a reason to ask, not to decide.

use crate::password_names::{self, folded};

/// Nouns, and what is put before them, [`folded`]; those for a password are in [`password_names`].
const NOUNS: &str = "
    access account accounts address apprentice apprentices attendee boy candidate child children codeword customer employee
    entry enter girl guest guests keyword kid kids open participants persons player staff token trainee trainees visitor
    worker

    anfang anfangs auszubildende auszubildender azubi azubis beginn besucher einlass gast gaste gaeste jugendliche kinder
    lehrling lehrlinge mitarbeiter mitarbeiterin praktikant praktikantin schulkind schulkinder
    zutritt zutritts

    acces acesso allieve aprendiz apprenti apprentie apprentis apprendista bambina bambino barn begin beginwoord cle crianca
    elev elever enfant enfants inicial iniziale invitado invite kinderen larling larlingar motcle nyckel palabra sleutel
    stagiaire startord toegang visiteur

    anmelde anmeldung benutzer birth class code comment course credential credentials date default
    display email erst family first full gender given github grade group groups handle id identifier initial kennung key
    last learner login loginname logon mail member members middle name names new nick nickname note notes number onetime org
    organisation organization participant path people permission
    permissions person phone phrase pupil pupils right rights role roles school screen secret sis start
    status student students surname teacher temp temporary time title token type unit user userid username users year

    adresse anrede anwender einmal einstiegs familien geburtsdatum geheim geheimnis geschlecht gruppe innen
    jahrgang kind klasse konto kurs kurzel kuerzel lehrer lehrerin lehrkraft lernende lernender mitglied
    mitglieder nach namen nr nummer nutzer nutzername rechte rolle ruf schlussel
    schluessel schule schuler schueler schulerin schuelerin schulerinnen schuelerinnen spitzname stufe teilnehmende
    teilnehmer teilnehmerin vor vorname zugang zugangs

    classe code compte courriel cours eleve eleves etudiant etudiante etudiants groupe identifiant identifiants membre
    membres mot niveau nom numero participante passe personne prenom pseudo pseudonyme utilisateur utilisatrice

    alumna alumno alumnos apellido apellidos clase codigo correo cuenta curso electronico estudiante
    estudiantes grupo identificador matricula miembro nombre persona rol usuaria usuario usuarios

    accesso alunna alunno allieva allievo chiave codice cognome corso gruppo identificativo indirizzo membro nome
    partecipante persone ruolo segreta segreto studente studenti studentessa utente utenti

    aluno aluna alunos apelido conta estudante funcao palavra papel perfil sobrenome turma utilizador

    achternaam adres deelnemer gebruiker gebruikers groep klas leerling leerlingen naam lid toegangs voornaam

    anvandare anvandar anvander bruger bruker kode namn navn
    imie jmeno klasa nazwisko prijmeni trida uczen uzivatel uzytkownik użytkownik
    felhasznalo felhasznalonev kayttaja kayttajatunnus kullanici kullanıcı nimi nume ogrenci oppilas
    tanulo tunnus utilizator
    enw izena kasutaja korisnik korisnicko lietotajs lietotajvards
    notandanafn nafn pengguna perdoruesi siswa uporabnik uporabnisko usuari
    vardas vartotojas
    имя логин пользователь ученик ονομα";

/// What stands between nouns, and alone is none.
const BETWEEN: &str =
    "al d da de del della der des di dell du for fur no of ord the to woord worte woerter word words wort";

/// The longest cell that may be a heading: longer ones are no question.
const HEADING_CHARS_MAX: usize = 60;

/// Whether a cell is made of such words alone.
pub(super) fn is_heading(cell: &str) -> bool {
    if cell.chars().count() > HEADING_CHARS_MAX {
        return false;
    }
    let word = folded(cell);
    let passwords = || password_names::all().map(|(name, _)| (name, true));
    // What can be made of words up to each byte: nothing, words between nouns, a noun among them.
    let mut made = vec![None; word.len() + 1];
    made[0] = Some(false);
    for start in 0..word.len() {
        let Some(has_noun) = made[start] else { continue };
        let pieces = |list: &'static str, noun| list.split_whitespace().map(move |piece| (piece, noun));
        for (piece, noun) in pieces(NOUNS, true).chain(passwords()).chain(pieces(BETWEEN, has_noun)) {
            if word[start..].starts_with(piece) {
                let end = &mut made[start + piece.len()];
                *end = Some(end.unwrap_or(false) || noun);
            }
        }
    }
    made[word.len()] == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_of_many_tables() {
        for heading in [
            "id",
            "Passwort",
            "member",
            "HANDLE",
            "student",
            "startcode",
            "Schüler",
            "schueler",
            "Nutzer",
            "E-Mail",
            "Email Address",
            "Mot de passe",
            "Nom d’utilisateur",
            "Contraseña",
            "Nome utente",
            "Gebruikersnaam",
            "wachtwoord",
            "Zugangscode",
            "Schüler*innen",
            "Benutzer-ID",
            "PIN-Code",
            "first_name",
            "„Kennwort“",
            "Lösenord",
            "Heslo",
            "Имя",
            "Пароль:",
            "Palavra-passe",
            "user.name",
            "Sis_Username",
        ] {
            let expected = !["Parola d'ordine no"].contains(&heading);
            assert_eq!(is_heading(heading), expected, "{heading}");
        }
    }

    #[test]
    fn people_and_passwords_are_none() {
        for cell in [
            "",
            "ada",
            "bob",
            "ida",
            "anna",
            "nina",
            "eva.king",
            "noel",
            "dela",
            "lea",
            "user1",
            "student07",
            "admin",
            "root",
            "seven green bottles",
            "correct horse",
            "password1",
            "xk4-992-abc",
            "Sommerregen",
            "—",
            "1",
        ] {
            assert!(!is_heading(cell), "{cell}");
        }
        assert!(!is_heading(&"name".repeat(1_000_000)));
    }
}
